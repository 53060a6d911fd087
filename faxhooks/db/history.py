"""Events: written once, in order of arrival, and read back as the facts they were."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from faxhooks.db.batches import Insert, Select
from faxhooks.db.models import EventRow
from faxhooks.domain.fax import (
    Cost,
    Direction,
    Evidence,
    FaxError,
    FaxEvent,
    FaxStatus,
    Number,
    Reference,
    Source,
    Verdict,
)
from faxhooks.domain.reasons import Following

_EVENTS: Any = EventRow.__table__
_LIST = Select(_EVENTS.c, _EVENTS.c.fax_id, order_by="fax_id, seq")
ADD: Final = Insert(EventRow)
_COLUMNS: Final = len(_EVENTS.c)
# To call an enumeration with a word takes ten times as long as to look it up.
_STATUSES: Final = {word.value: word for word in FaxStatus}
_VERDICTS: Final = {word.value: word for word in Verdict}
_SOURCES: Final = {word.value: word for word in Source}
_EVIDENCE: Final = {word.value: word for word in Evidence}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a fax's history: the event, what it did, and where the fax stood after it.

    `change` is its number in the feed over all faxes, from 1 on; 0 until it has one.
    """

    fax_id: UUID
    seq: int
    event: FaxEvent
    verdict: Verdict
    status_after: FaxStatus
    callback_id: UUID | None
    change: int = 0


def list_entries(session: Session, fax_ids: Collection[UUID]) -> dict[UUID, list[Entry]]:
    """The whole history of each of these faxes, in order of arrival."""
    found: dict[UUID, list[Entry]] = defaultdict(list)
    if not fax_ids:
        return found
    for row in _LIST.run(session, fax_ids):
        found[row.fax_id].append(read_entry(row))
    return found


def add_entries(session: Session, entries: Sequence[Entry]) -> None:
    """Append these to their histories; a digest the fax has already is an IntegrityError."""
    ADD.run(session, entry_rows(entries))


def entry_rows(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The rows that `ADD` takes."""
    return [_values(entry) for entry in entries]


def delete_entries(session: Session, fax_ids: Collection[UUID]) -> None:
    """Take these histories out, to be written again under another fax."""
    session.execute(delete(EventRow).where(EventRow.fax_id.in_(fax_ids)))


def _values(entry: Entry) -> dict[str, Any]:
    event = entry.event
    return {
        "fax_id": entry.fax_id,
        "seq": entry.seq,
        "digest": event.digest,
        "callback_id": entry.callback_id,
        "status": event.status,
        "verdict": entry.verdict,
        "status_after": entry.status_after,
        "reason": event.reason,
        "detail": event.detail,
        "provider_status": event.provider_status,
        "source": event.source,
        "evidence": event.evidence,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "facts": _facts(event),
        "change": entry.change,
    }


def _facts(event: FaxEvent) -> dict[str, Any]:
    """What has no column of its own; what an event does not say takes no room."""
    facts = {
        "references": [[reference.id, reference.shared] for reference in event.references],
        "direction": event.direction,
        "sender": [event.sender.value, event.sender.raw] if event.sender else None,
        "recipient": [event.recipient.value, event.recipient.raw] if event.recipient else None,
        "error": [event.error.code, event.error.message] if event.error else None,
        "cost": [event.cost.amount, event.cost.unit] if event.cost else None,
        "pages": event.pages,
        "duration": event.duration,
        "media_url": event.media_url,
        "remote_station_id": event.remote_station_id,
        "begins": event.begins,
        "follows": None if event.follows is None else sorted(event.follows),
        "attempt": event.attempt,
        "retried": event.retried or None,
        "asks_poll": event.asks_poll or None,
        "drift": event.drift,
    }
    return {name: value for name, value in facts.items() if value is not None}


def read_entry(row: Any) -> Entry:
    """The entry in a row that begins with the columns of the events, in their order."""
    return entry_of(row[:_COLUMNS])


def entry_of(values: Sequence[Any]) -> Entry:
    """The entry of these values, one for each column of the events, in their order."""
    fax_id, seq, digest, callback_id, status, verdict, status_after, *more = values
    reason, detail, provider_status, source, evidence, occurred_at, received_at, facts, change = (
        more
    )
    get = facts.get
    event = FaxEvent(
        digest=digest,
        references=tuple([Reference(*pair) for pair in facts["references"]]),
        received_at=received_at,
        status=_STATUSES[status] if status else None,
        provider_status=provider_status,
        source=_SOURCES[source],
        evidence=_EVIDENCE[evidence],
        occurred_at=occurred_at,
        direction=Direction(facts["direction"]) if "direction" in facts else None,
        sender=Number(*facts["sender"]) if "sender" in facts else None,
        recipient=Number(*facts["recipient"]) if "recipient" in facts else None,
        reason=reason,
        detail=detail,
        error=FaxError(*facts["error"]) if "error" in facts else None,
        pages=get("pages"),
        duration=get("duration"),
        cost=Cost(*facts["cost"]) if "cost" in facts else None,
        media_url=get("media_url"),
        remote_station_id=get("remote_station_id"),
        begins=get("begins"),
        follows=frozenset(map(Following, facts["follows"])) if "follows" in facts else None,
        attempt=get("attempt"),
        retried=get("retried", False),
        asks_poll=get("asks_poll", False),
        drift=get("drift"),
    )
    return Entry(
        fax_id, seq, event, _VERDICTS[verdict], _STATUSES[status_after], callback_id, change
    )
