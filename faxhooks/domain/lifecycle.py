"""The order-free fold: the same set of events gives the same fax, however it arrived.

An event's *precedence* is a total order over everything the provider can say. The greatest
event decides the status; every other field takes the value of the greatest event that has
one. So no order of arrival, and no repetition, can matter.

A fax that we have handed over several times is folded try by try. One that arrived has arrived,
whatever another try says; else the latest try decides.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, TypeVar

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
from faxhooks.domain.reasons import UNKNOWN, as_received, what_follows
from faxhooks.domain.tries import split

Precedence = tuple[int, int, int, datetime, int, bytes]
T = TypeVar("T")

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_VALUES: Final = (
    "sender",
    "recipient",
    "error",
    "pages",
    "duration",
    "cost",
    "media_url",
    "remote_station_id",
)
"""What the greatest event that has it decides, and nothing else does."""
_SAID: Final[Callable[[FaxEvent], tuple[Any, ...]]] = attrgetter(*_VALUES)
_COUNTED: Final = ("events", "updated_at", "created_at", "started_at")
_TOLD: Final[Callable[[FaxState], tuple[Any, ...]]] = attrgetter(
    *(name for name in FaxState._fields if name not in _COUNTED)
)


def precedence(event: FaxEvent) -> Precedence:
    """What beats what: phase; among finals the provider's confirmed word; among open ones
    the rank; then the provider's own time, none counting as the earliest; among finals that
    still tie the worse news, so that a contradiction never reads as delivered; the digest.
    """
    status, occurred_at = event.status, event.occurred_at or _EARLIEST
    if status is None:
        return (-1, 0, 0, occurred_at, 0, event.digest)
    if status.phase is Phase.FINAL:
        confirmed = event.evidence is Evidence.CONFIRMED
        return (Phase.FINAL, confirmed, 0, occurred_at, status.pessimism, event.digest)
    rank = status.rank if status.phase is Phase.OPEN else 0
    return (status.phase, 0, rank, occurred_at, 0, event.digest)


def fold(events: Iterable[FaxEvent]) -> FaxState:
    """The fax that these events, at least one, describe; equal digests count once."""
    ranked = _ranked(events)
    if not ranked:
        raise ValueError("a fax is folded from at least one event")
    if any([event.begins for event in ranked]):  # noqa: C419 (a list is quicker, and this is hot)
        return _fold_tries(ranked)
    return _fold_try(ranked)


def _fold_try(ranked: Sequence[FaxEvent]) -> FaxState:
    deciding = ranked[0]
    status = deciding.status or FaxStatus.QUEUED
    agreeing = _agreeing(ranked, status)
    direction = _direction(ranked)
    reason = _reason(agreeing, status, direction)
    flags = _flags(ranked)
    said = map(_first, zip(*map(_SAID, ranked), strict=True))
    arrivals = [event.received_at for event in ranked]
    return FaxState(
        status=status,
        provider_status=deciding.provider_status,
        evidence=deciding.evidence,
        references=_references(ranked),
        started_at=_started_at(ranked),
        created_at=min(arrivals),
        updated_at=max(arrivals),
        finished_at=_finished_at(agreeing) if status.is_final else None,
        direction=direction,
        reason=reason,
        events=len(ranked),
        asks_poll=bool(flags) or (not status.is_final and any(e.asks_poll for e in ranked)),
        flags=flags | {Flag.RETRYING} if _is_followed(ranked, status, reason) else flags,
        **dict(zip(_VALUES, said, strict=True)),
    )


def _fold_tries(ranked: Sequence[FaxEvent]) -> FaxState:
    """The try that decides, within what is known of all of them."""
    whole = _fold_try(ranked)
    tries = {number: _fold_try(each) for number, each in split(ranked).items()}
    arrived = [n for n, state in tries.items() if state.status.outcome is Outcome.SUCCESS]
    state = tries[max(arrived or tries)]
    main = state.references[0]
    return state._replace(
        references=(main, *(each for each in _sorted(whole) if each.id != main.id)),
        direction=state.direction or whole.direction,
        sender=state.sender or whole.sender,
        recipient=state.recipient or whole.recipient,
        started_at=whole.started_at,
        created_at=whole.created_at,
        updated_at=whole.updated_at,
        events=whole.events,
    )


def _sorted(whole: FaxState) -> list[Reference]:
    return sorted(whole.references, key=lambda each: each.id)


def judge(before: FaxState | None, event: FaxEvent, after: FaxState) -> Verdict:
    """What one event did to the fax it arrived at."""
    if before is None:
        return Verdict.APPLIED
    final = event.status is not None and event.status.is_final
    if final and Flag.CONFLICT in after.flags and before.status is not event.status:
        return Verdict.CONFLICT
    return Verdict.STALE if _says_the_same(before, after) else Verdict.APPLIED


def _ranked(events: Iterable[FaxEvent]) -> list[FaxEvent]:
    """The greatest first; of those that say the same the one that arrived first."""
    distinct: dict[bytes, FaxEvent] = {}
    for event in events:
        other = distinct.setdefault(event.digest, event)
        if event.received_at < other.received_at:
            distinct[event.digest] = event
    return sorted(distinct.values(), key=precedence, reverse=True)


def _first(values: Iterable[T | None]) -> T | None:
    """The first that says something: of values in the order of precedence the greatest's."""
    for value in values:
        if value is not None:
            return value
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
    occurred_at = _first(event.occurred_at for event in agreeing)
    return occurred_at or min(event.received_at for event in agreeing)


def _direction(ranked: Sequence[FaxEvent]) -> Direction | None:
    """What an event says outright, else what one of their words implies."""
    said = _first(event.direction for event in ranked)
    return said or _first(event.status.direction for event in ranked if event.status)


def _reason(
    agreeing: Sequence[FaxEvent], status: FaxStatus, direction: Direction | None
) -> str | None:
    """The cause belongs to the outcome: a delivered fax has none, a failed one always has.

    Which way a fax went is often said by another event than the one that tells its cause.
    """
    if status.outcome not in (Outcome.FAILURE, Outcome.CANCELED):
        return None
    reason = _first(event.reason for event in agreeing) or UNKNOWN
    return as_received(reason) if direction is Direction.INBOUND else reason


def _references(ranked: Sequence[FaxEvent]) -> tuple[Reference, ...]:
    """Each id once, the deciding event's main id first, the rest in a fixed order; an id that
    any event calls shared is shared.
    """
    shared: dict[str, bool] = {}
    for event in ranked:
        for reference in event.references:
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


def _is_followed(ranked: Sequence[FaxEvent], status: FaxStatus, reason: str | None) -> bool:
    """Whether we are about to try it again, by what every event that speaks of that allows."""
    if status.outcome is not Outcome.FAILURE:
        return False
    able = [event.follows for event in ranked if event.follows is not None]
    return bool(able) and what_follows(reason, frozenset.intersection(*able)) is not None


def _contradicts(deciding: FaxEvent, event: FaxEvent) -> bool:
    """Whether another final says otherwise; an earlier try that failed does not."""
    if event.status is None or not event.status.is_final or event.status is deciding.status:
        return False
    other_try = event.attempt != deciding.attempt
    return not (other_try and event.status.outcome is Outcome.FAILURE)


def _says_the_same(before: FaxState, after: FaxState) -> bool:
    """Equal but for the count and the times of arrival."""
    return _TOLD(before) == _TOLD(after)
