"""Mirrors faxhooks/; what several tests share is imported as `tests.<module>`."""
