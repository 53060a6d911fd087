"""Bytes in, FaxEvents out; no web framework, no database."""
