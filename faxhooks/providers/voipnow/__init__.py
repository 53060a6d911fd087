"""VoipNow: faxes sent by its UnifiedAPI, of which nothing is heard afterwards."""

from faxhooks.providers.voipnow.account import VOIPNOW

__all__ = ["VOIPNOW"]
