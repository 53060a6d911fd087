"""Faxes sent through fakes of every provider, by its own sender."""

from collections.abc import Sized
from typing import Any, Final

from faxhooks.providers.asking import renew_alone
from faxhooks.providers.base import Config
from faxhooks.providers.registry import PROVIDERS
from faxhooks.providers.sending import Document, Order, Sender
from faxhooks.simulator.fakes.fake import Fake
from faxhooks.simulator.fakes.unified import UnifiedFake
from tests.providers.orders import FILES, FROM, TO, at_address

UNIFIED: Final = ("voipnow", "hubgets")


def sender_of(name: str, config: Config) -> Sender:
    make = PROVIDERS[name].sender
    assert make is not None
    made = make(config, renew_alone(config))
    assert made is not None
    return made


def order(name: str, *documents: Document, to: str = TO, **fields: Any) -> Order:
    """One that this provider takes."""
    taken = documents or (FILES["application/pdf"],)
    if name == "signalwire":
        taken = tuple(map(at_address, taken))
    own = None if name in UNIFIED else FROM
    return Order(**{"to": to, "sender": own, "documents": taken, **fields})


def taken_by(fake: Fake) -> Sized:
    """The faxes that will be sent."""
    if isinstance(fake, UnifiedFake):
        return fake.delivered
    faxes: Sized = fake.faxes  # type: ignore[attr-defined]
    return faxes
