"""SignalWire: form, query and JSON callbacks, signed with the project's signing key."""

from faxhooks.providers.signalwire.account import SIGNALWIRE
from faxhooks.providers.signalwire.callbacks import SignalWire

__all__ = ["SIGNALWIRE", "SignalWire"]
