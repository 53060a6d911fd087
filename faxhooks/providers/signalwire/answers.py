"""A fax as SignalWire's Compatibility API tells of it, read as its callbacks are.

Source: the Compatibility API's reference (get a fax, list all faxes). The API has the
callback's facts under other names, so that one reader serves both.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Cost, Evidence, FaxEvent, Source
from faxhooks.providers import reading
from faxhooks.providers.signalwire.parameters import read_parameters

PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sid": "FaxSid",
        "status": "FaxStatus",
        "direction": "Direction",
        "from": "From",
        "to": "To",
        "num_pages": "NumPages",
        "duration": "Duration",
        "media_url": "MediaUrl",
        "error_code": "ErrorCode",
        "error_message": "ErrorMessage",
        "date_updated": "Timestamp",
    }
)
"""What the API calls each parameter of a callback. That a fax was last updated when it came
into its present status is inferred; a price that is known later may come with a later time."""


def read_record(answer: Callback) -> FaxEvent:
    """The fact that a fax's record states. Raises UnreadableError."""
    record = reading.json_object(answer.body)
    said = {ours: reading.text(record, theirs) for theirs, ours in PARAMETERS.items()}
    given = tuple((name, value) for name, value in said.items() if value is not None)
    event = read_parameters(given, answer.received_at)
    price, unit = reading.text(record, "price"), reading.identifier(record, "price_unit")
    cost = _cost(price, unit)
    odd = "unreadable price: price" if price and cost is None else None
    return event._replace(
        digest=reading.digest_of("signalwire", "api", *said.values(), price, unit),
        source=Source.POLL,
        evidence=Evidence.CONFIRMED,
        cost=cost,
        asks_poll=False,
        drift="; ".join(fault for fault in (event.drift, odd) if fault) or None,
    )


def read_answer(_: Mapping[str, Any], answer: Callback) -> tuple[FaxEvent, ...]:
    """The same for an answer that was kept; no option of the account plays a part."""
    return (read_record(answer),)


def _cost(price: str | None, unit: str | None) -> Cost | None:
    """The amount without its sign: the reference's example is `-0.005`, as a charge is seen
    from a balance.
    """
    if price is None or unit is None:
        return None
    try:
        amount = reading.amount({"price": price.removeprefix("-")}, "price")
    except UnreadableError:
        return None
    return None if amount is None else Cost(amount, unit)
