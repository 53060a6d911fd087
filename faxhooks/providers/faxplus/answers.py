"""A fax as Fax.Plus' API tells of it: a record of the outbox, or of the faxes that were sent
and received.

Sources: the API reference (outbox, faxes), whose samples spell the ends of a fax in two ways
and leave many values null; the vendor's package for the words of a direction. `description` is
no sign of success: a sample has `failed` beside `OK`. The unit of `duration` is not documented,
so it is left out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Cost, Direction, Evidence, FaxEvent, Number, Outcome, Reference
from faxhooks.domain.fax import Source as EventSource
from faxhooks.providers import reading
from faxhooks.providers.faxplus.words import OUTBOX, shown, understand

OUT: Final = "outbox"
FAXES: Final = "faxes"

_DIRECTIONS: Final = {"incoming": Direction.INBOUND, "outgoing": Direction.OUTBOUND}
_CATEGORIES: Final = {"inbox": Direction.INBOUND, "sent": Direction.OUTBOUND}
_OFFSET: Final = re.compile(r" (?=[+-][0-9]{2}:?[0-9]{2}$)")


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads the records of one account.

    `zone` is that of times that name none: the vendor's older reference calls all of the API's
    dates UTC, and a sample's id agrees; the newer one does not say. A record's cost is in the
    user's `currency`, which no record names: without it there is no cost.
    """

    zone: tzinfo = UTC
    currency: str | None = None

    def read(self, answer: Callback) -> FaxEvent:
        """The fact that a record states. Raises UnreadableError."""
        record, place = reading.json_object(answer.body), _Place.of(answer)
        own = reading.identifier(record, "id")
        ids = tuple(dict.fromkeys(each for each in (own, place.asked) if each))
        if not ids:
            raise UnreadableError("no id: the record has none")
        event = FaxEvent(
            digest=b"",
            references=tuple(Reference(each) for each in ids),
            received_at=answer.received_at,
            source=EventSource.POLL,
            evidence=Evidence.CONFIRMED,
        )
        word = reading.identifier(record, "status")
        if word is None:
            raise UnreadableError("no status: status is absent or blank")
        if place.kind == OUT:
            return self._of_outbox(event, word, record)
        return self._of_fax(event, word, record, place)

    def _of_outbox(self, event: FaxEvent, word: str, record: Mapping[str, Any]) -> FaxEvent:
        """On its way; one destination for each record, since each has an id of its own."""
        status = OUTBOX.get(word.lower())
        if status is None:
            raise UnreadableError(f"unknown status: {shown(word)}")
        time = reading.identifier(record, "last_updated_status_time", "submit_time")
        to = record.get("to")
        only = to[0] if isinstance(to, list) and len(to) == 1 else to
        event = event._replace(
            status=status,
            provider_status=word,
            direction=Direction.OUTBOUND,
            sender=reading.number(record, "src", "designated_src", "from", "from_number"),
            recipient=None if isinstance(only, list) else reading.number({"to": only}, "to"),
            pages=reading.count(record, "page_count"),
        )
        return self._settled(event, OUT, time)

    def _of_fax(
        self, event: FaxEvent, word: str, record: Mapping[str, Any], place: "_Place"
    ) -> FaxEvent:
        """Sent or received, whichever of them it says or the list it stood in."""
        said = (reading.identifier(record, "direction") or "").lower()
        direction = _DIRECTIONS.get(said) or _CATEGORIES.get(place.category)
        if direction is None:
            raise UnreadableError("no direction: neither incoming nor outgoing")
        meaning = understand(word, direction)
        event = event._replace(
            status=meaning.status,
            provider_status=word,
            direction=direction,
            sender=self._end(record, "from"),
            recipient=self._end(record, "to"),
            reason=meaning.reason,
            detail=word if meaning.status.outcome is Outcome.FAILURE else None,
            pages=reading.count(record, "pages"),
            cost=self._cost(record),
            drift=None if meaning.known else f"unknown status: {shown(word)}",
        )
        return self._settled(event, FAXES, reading.identifier(record, "last_update"))

    def _end(self, record: Mapping[str, Any], name: str) -> Number | None:
        """`from` in the reference's schema, `from_number` in its sample."""
        return reading.number(record, name, f"{name}_number")

    def _cost(self, record: Mapping[str, Any]) -> Cost | None:
        amount = reading.amount(record, "cost") if self.currency else None
        return Cost(amount, self.currency) if amount is not None and self.currency else None

    def _settled(self, event: FaxEvent, kind: str, time: str | None) -> FaxEvent:
        """With the time of the last change, and the digest of all that it says."""
        occurred_at = moment(time, self.zone) if time else None
        odd = "unreadable time: of the last change" if time and occurred_at is None else None
        cost = event.cost.amount if event.cost else None
        return event._replace(
            digest=reading.digest_of(
                *("faxplus", "api", kind, *(each.id for each in event.references)),
                *((event.provider_status or "").lower(), event.pages, cost, time),
            ),
            occurred_at=occurred_at,
            drift="; ".join(fault for fault in (event.drift, odd) if fault) or None,
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the API an answer came from: the outbox or the faxes; the id that was asked
    for, by which the fax is known too, and the category of a list.
    """

    kind: str
    asked: str | None
    category: str

    @classmethod
    def of(cls, answer: Callback) -> "_Place":
        parts = answer.target.partition("?")[0].strip("/").split("/")
        kind = OUT if OUT in parts[-2:] else FAXES
        asked = unquote(parts[-1]) if parts[-1] != kind else None
        category = parse_qs(answer.query).get("category", [""])[0]
        return cls(kind, asked, category)


def moment(written: str, zone: tzinfo) -> datetime | None:
    """A time in either writing: `2020-03-27 11:29:49`, and with ` +0000` behind it."""
    return reading.moment(_OFFSET.sub("", written.strip()), zone)
