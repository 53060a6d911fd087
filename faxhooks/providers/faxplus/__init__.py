"""Fax.Plus: unsigned JSON webhooks, one for each attempt at a fax."""

from faxhooks.providers.faxplus.account import FAXPLUS
from faxhooks.providers.faxplus.callbacks import FaxPlus

__all__ = ["FAXPLUS", "FaxPlus"]
