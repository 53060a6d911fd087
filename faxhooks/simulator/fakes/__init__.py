"""Providers that are none: HTTP servers that answer, call back and fail as the real ones do."""
