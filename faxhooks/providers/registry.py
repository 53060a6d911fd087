"""The providers there are: one line each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from faxhooks.domain.errors import NotFoundError
from faxhooks.providers.base import Provider
from faxhooks.providers.faxplus import FAXPLUS
from faxhooks.providers.hubgets import HUBGETS
from faxhooks.providers.signalwire import SIGNALWIRE
from faxhooks.providers.voipnow import VOIPNOW

PROVIDERS: Final[Mapping[str, Provider]] = MappingProxyType(
    {
        SIGNALWIRE.name: SIGNALWIRE,
        FAXPLUS.name: FAXPLUS,
        VOIPNOW.name: VOIPNOW,
        HUBGETS.name: HUBGETS,
    }
)


def get_provider(name: str) -> Provider:
    """The provider of that name. Raises NotFoundError, which lists the names there are."""
    if name not in PROVIDERS:
        raise NotFoundError(f"no such provider; there are {', '.join(PROVIDERS)}")
    return PROVIDERS[name]
