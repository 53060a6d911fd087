"""faxhooks: the one place that knows what became of a fax."""

__version__ = "0.1.0"
"""The release; noted on every callback, to know which one read it."""
