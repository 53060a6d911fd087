"""The fakes there are, by the provider's name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from faxhooks.simulator.fakes.behaviour import Behaviour
from faxhooks.simulator.fakes.fake import Fake
from faxhooks.simulator.fakes.faxplus import TRIAL as FAXPLUS
from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from faxhooks.simulator.fakes.hubgets import TRIAL as HUBGETS
from faxhooks.simulator.fakes.hubgets import HubgetsFake
from faxhooks.simulator.fakes.signalwire import TRIAL as SIGNALWIRE
from faxhooks.simulator.fakes.signalwire import SignalWireFake
from faxhooks.simulator.fakes.voipnow import TRIAL as VOIPNOW
from faxhooks.simulator.fakes.voipnow import VoipNowFake
from faxhooks.simulator.story import Secrets


class MakeFake(Protocol):
    """Makes a fake with an account's values; its callbacks go to `calls_at`, where given."""

    def __call__(
        self, behaviour: Behaviour, secrets: Secrets, calls_at: str | None = None
    ) -> Fake: ...


FAKES: Final[Mapping[str, MakeFake]] = MappingProxyType(
    {
        "signalwire": SignalWireFake,
        "faxplus": FaxPlusFake,
        "voipnow": VoipNowFake,
        "hubgets": HubgetsFake,
    }
)
TRIALS: Final[Mapping[str, Secrets]] = MappingProxyType(
    {"signalwire": SIGNALWIRE, "faxplus": FAXPLUS, "voipnow": VOIPNOW, "hubgets": HUBGETS}
)
"""An account for each, for those who bring none."""
