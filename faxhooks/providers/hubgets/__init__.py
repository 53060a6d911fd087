"""Hubgets: faxes sent by its UnifiedAPI, of which nothing is heard afterwards."""

from faxhooks.providers.hubgets.account import HUBGETS

__all__ = ["HUBGETS"]
