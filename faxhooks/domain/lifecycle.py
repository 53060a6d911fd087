"""The order-free fold: the same set of events gives the same fax, however it arrived.

An event's *precedence* is a total order over everything the provider can say. The greatest
event decides the status; every other field takes the value of the greatest event that has
one. So no order of arrival, and no repetition, can matter.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from faxhooks.domain.fax import (
    Direction,
    Evidence,
    FaxEvent,
    FaxState,
    FaxStatus,
    Flag,
    Outcome,
    Phase,
    Reference,
    Verdict,
)
from faxhooks.domain.reasons import UNKNOWN, as_received

Precedence = tuple[int, int, int, datetime, int, bytes]
T = TypeVar("T")

_EARLIEST = datetime.min.replace(tzinfo=UTC)


def precedence(event: FaxEvent) -> Precedence:
    """What beats what: phase; among finals the provider's confirmed word; among open ones
    the rank; then the provider's own time, none counting as the earliest; among finals that
    still tie the worse news, so that a contradiction never reads as delivered; the digest.
    """
    occurred_at = event.occurred_at or _EARLIEST
    if event.status is None:
        return (-1, 0, 0, occurred_at, 0, event.digest)
    status = event.status
    confirmed = status.is_final and event.evidence is Evidence.CONFIRMED
    rank = status.rank if status.phase is Phase.OPEN else 0
    worse = status.pessimism if status.is_final else 0
    return (status.phase, confirmed, rank, occurred_at, worse, event.digest)


def fold(events: Iterable[FaxEvent]) -> FaxState:
    """The fax that these events, at least one, describe; equal digests count once."""
    distinct = {event.digest: event for event in sorted(events, key=_arrival, reverse=True)}
    ranked = sorted(distinct.values(), key=precedence, reverse=True)
    if not ranked:
        raise ValueError("a fax is folded from at least one event")
    deciding = ranked[0]
    status = deciding.status or FaxStatus.QUEUED
    agreeing = _agreeing(ranked, status)
    direction = _direction(ranked)
    flags = _flags(ranked)
    return FaxState(
        status=status,
        provider_status=deciding.provider_status,
        evidence=deciding.evidence,
        references=_references(ranked),
        started_at=_started_at(ranked),
        created_at=min(event.received_at for event in ranked),
        updated_at=max(event.received_at for event in ranked),
        finished_at=_finished_at(agreeing) if status.is_final else None,
        direction=direction,
        sender=_greatest(ranked, lambda event: event.sender),
        recipient=_greatest(ranked, lambda event: event.recipient),
        reason=_reason(agreeing, status, direction),
        error=_greatest(ranked, lambda event: event.error),
        pages=_greatest(ranked, lambda event: event.pages),
        duration=_greatest(ranked, lambda event: event.duration),
        cost=_greatest(ranked, lambda event: event.cost),
        media_url=_greatest(ranked, lambda event: event.media_url),
        remote_station_id=_greatest(ranked, lambda event: event.remote_station_id),
        events=len(ranked),
        asks_poll=bool(flags) or (not status.is_final and any(e.asks_poll for e in ranked)),
        flags=flags,
    )


def judge(before: FaxState | None, event: FaxEvent, after: FaxState) -> Verdict:
    """What one event did to the fax it arrived at."""
    if before is None:
        return Verdict.APPLIED
    final = event.status is not None and event.status.is_final
    if final and Flag.CONFLICT in after.flags and before.status is not event.status:
        return Verdict.CONFLICT
    return Verdict.STALE if _says_the_same(before, after) else Verdict.APPLIED


def _arrival(event: FaxEvent) -> tuple[datetime, bytes]:
    return (event.received_at, event.digest)


def _greatest(ranked: Sequence[FaxEvent], value: Callable[[FaxEvent], T | None]) -> T | None:
    for event in ranked:
        if (found := value(event)) is not None:
            return found
    return None


def _agreeing(ranked: Sequence[FaxEvent], status: FaxStatus) -> list[FaxEvent]:
    """The events of the same outcome: only they can tell its cause and its time."""
    return [event for event in ranked if event.status and event.status.outcome is status.outcome]


def _started_at(ranked: Sequence[FaxEvent]) -> datetime | None:
    """When it was first on its way; a fax known by its end alone does not tell."""
    moving = [e for e in ranked if e.status is not None and not e.status.is_final]
    return min((e.occurred_at or e.received_at for e in moving), default=None)


def _finished_at(agreeing: Sequence[FaxEvent]) -> datetime:
    """The provider's time where any of them has one: a poll without a time, months later,
    confirms a fax but does not finish it again.
    """
    occurred_at = _greatest(agreeing, lambda event: event.occurred_at)
    return occurred_at or min(event.received_at for event in agreeing)


def _direction(ranked: Sequence[FaxEvent]) -> Direction | None:
    """What an event says outright, else what one of their words implies."""
    said = _greatest(ranked, lambda event: event.direction)
    return said or _greatest(ranked, lambda e: e.status.direction if e.status else None)


def _reason(
    agreeing: Sequence[FaxEvent], status: FaxStatus, direction: Direction | None
) -> str | None:
    """The cause belongs to the outcome: a delivered fax has none, a failed one always has.

    Which way a fax went is often said by another event than the one that tells its cause.
    """
    if status.outcome not in (Outcome.FAILURE, Outcome.CANCELED):
        return None
    reason = _greatest(agreeing, lambda event: event.reason) or UNKNOWN
    return as_received(reason) if direction is Direction.INBOUND else reason


def _references(ranked: Sequence[FaxEvent]) -> tuple[Reference, ...]:
    """Each id once, the deciding event's main id first, the rest in a fixed order; an id that
    any event calls shared is shared.
    """
    shared: dict[str, bool] = {}
    for reference in (reference for event in ranked for reference in event.references):
        shared[reference.id] = shared.get(reference.id, False) or reference.shared
    main = ranked[0].references[0].id
    return tuple(Reference(id_, shared[id_]) for id_ in (main, *sorted(shared.keys() - {main})))


def _flags(ranked: Sequence[FaxEvent]) -> frozenset[Flag]:
    """A contradiction, or a failure the provider still works on; a confirmed final has none."""
    deciding = ranked[0]
    if deciding.status is None or not deciding.status.is_final:
        return frozenset()
    if deciding.evidence is Evidence.CONFIRMED:
        return frozenset()
    flags = set()
    if any(_contradicts(deciding, event) for event in ranked[1:]):
        flags.add(Flag.CONFLICT)
    failed = deciding.status.outcome is Outcome.FAILURE
    if failed and any(event.retried for event in ranked):
        flags.add(Flag.PROVISIONAL)
    return frozenset(flags)


def _contradicts(deciding: FaxEvent, event: FaxEvent) -> bool:
    """Whether another final says otherwise; an earlier try that failed does not."""
    if event.status is None or not event.status.is_final or event.status is deciding.status:
        return False
    other_try = event.attempt != deciding.attempt
    return not (other_try and event.status.outcome is Outcome.FAILURE)


def _says_the_same(before: FaxState, after: FaxState) -> bool:
    """Equal but for the count and the times of arrival."""
    counted = {"events", "updated_at", "created_at", "started_at"}
    fields = (name for name in FaxState.__dataclass_fields__ if name not in counted)
    return all(getattr(before, name) == getattr(after, name) for name in fields)
