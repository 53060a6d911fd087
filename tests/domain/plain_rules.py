"""The rules of the status model, written down once more, as slowly and plainly as they read.

It shares nothing with the fold but the words themselves: it never sorts by a key, but strikes
out at each rule the facts that lose.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from faxhooks.domain.fax import Direction, Evidence, FaxEvent, FaxState, FaxStatus, Flag, Reference
from faxhooks.domain.reasons import REASONS

OPEN_RANKS = {"queued": 10, "processing": 20, "sending": 30, "receiving": 30}
FAILURES = {"no-answer", "busy", "failed"}
SUCCESSES = {"delivered", "received"}
NEWS = [FAILURES, {"partial"}, {"canceled"}, SUCCESSES]
FINALS = set[str]().union(*NEWS)
FIELDS = (
    "sender",
    "recipient",
    "error",
    "pages",
    "duration",
    "cost",
    "media_url",
    "remote_station_id",
)
IMPLIED = {
    "queued": "outbound",
    "sending": "outbound",
    "delivered": "outbound",
    "no-answer": "outbound",
    "busy": "outbound",
    "receiving": "inbound",
    "received": "inbound",
}


def plain_fold(events: Iterable[FaxEvent]) -> FaxState:
    """What the rules make of these facts."""
    left = first_arrivals(events)
    if any(event.begins for event in left):
        return plain_tries(left)
    return plain_try(left)


def plain_tries(told: list[FaxEvent]) -> FaxState:
    """Each try by itself; one that arrived counts, else the latest."""
    labels = plain_labels(told)
    tries: dict[int, list[FaxEvent]] = {}
    for event in told:
        number = event.begins or max(labels.get(each.id, 1) for each in event.references)
        tries.setdefault(number, []).append(event)
    states = {number: plain_try(list(events)) for number, events in tries.items()}
    successes = [number for number in states if states[number].status in SUCCESSES]
    state, whole = states[max(successes or states)], plain_try(list(told))
    known = {reference.id: reference for reference in whole.references}
    main = state.references[0].id
    return state._replace(
        references=tuple(known[name] for name in [main, *sorted(set(known) - {main})]),
        direction=state.direction or whole.direction,
        sender=state.sender or whole.sender,
        recipient=state.recipient or whole.recipient,
        started_at=whole.started_at,
        created_at=whole.created_at,
        updated_at=whole.updated_at,
        events=whole.events,
    )


def plain_labels(told: list[FaxEvent]) -> dict[str, int]:
    """The try of each id: handed on from id to id until nothing changes any more."""
    named = [[each.id for each in event.references if not each.shared] for event in told]
    labels = {name: 1 for names in named for name in names}
    for event, names in zip(told, named, strict=True):
        if event.begins:
            labels[names[0]] = max(labels[names[0]], event.begins)
    together = [n[:1] if event.begins else n for event, n in zip(told, named, strict=True)]
    for _ in labels:
        for names in together:
            for name in names:
                labels[name] = max(labels[each] for each in names)
    return labels


def plain_try(left: list[FaxEvent]) -> FaxState:
    """Facts of one try, of which each is told once."""
    ordered = []
    while left:
        ordered.append(decide(left))
        left.remove(ordered[-1])
    deciding = ordered[0]
    status = deciding.status or FaxStatus.QUEUED
    flags = plain_flags(ordered)
    final = status in FINALS
    return FaxState(
        status=status,
        provider_status=deciding.provider_status,
        evidence=deciding.evidence,
        references=plain_references(ordered),
        created_at=min(event.received_at for event in ordered),
        updated_at=max(event.received_at for event in ordered),
        started_at=min(plain_starts(ordered), default=None),
        finished_at=plain_finished_at(ordered) if final else None,
        direction=plain_direction(ordered),
        reason=plain_reason(ordered),
        events=len(ordered),
        asks_poll=bool(flags) or (not final and any(event.asks_poll for event in ordered)),
        flags=frozenset(flags | plain_retrying(ordered)),
        **{name: first_said(ordered, name) for name in FIELDS},
    )


def first_arrivals(events: Iterable[FaxEvent]) -> list[FaxEvent]:
    """Each fact once, as it arrived first."""
    kept: dict[bytes, FaxEvent] = {}
    for event in events:
        known = kept.get(event.digest)
        if known is None or event.received_at < known.received_at:
            kept[event.digest] = event
    return list(kept.values())


def decide(left: list[FaxEvent]) -> FaxEvent:
    """The deciding fact: at every rule only the winners stay."""
    finals = [event for event in left if event.status in FINALS]
    soft = [event for event in left if event.status == "unconfirmed"]
    moving = [event for event in left if event.status in OPEN_RANKS]
    if finals:
        confirmed = [event for event in finals if event.evidence is Evidence.CONFIRMED]
        return by_digest(worst(latest(confirmed or finals)))
    if soft:
        return by_digest(latest(soft))
    if moving:
        return by_digest(latest(most(moving, lambda event: OPEN_RANKS[str(event.status)])))
    return by_digest(latest(left))


def most(events: list[FaxEvent], measure: Callable[[FaxEvent], int]) -> list[FaxEvent]:
    top = max(measure(event) for event in events)
    return [event for event in events if measure(event) == top]


def latest(events: list[FaxEvent]) -> list[FaxEvent]:
    """Those of the latest provider time; none at all only where nobody has one."""
    times = [event.occurred_at for event in events if event.occurred_at]
    return [event for event in events if event.occurred_at == max(times)] if times else events


def worst(finals: list[FaxEvent]) -> list[FaxEvent]:
    for words in NEWS:
        told = [event for event in finals if event.status in words]
        if told:
            return told
    raise AssertionError("a final is one of the four kinds of news")


def by_digest(events: list[FaxEvent]) -> FaxEvent:
    digest = max(event.digest for event in events)
    return next(event for event in events if event.digest == digest)


def first_said(ordered: list[FaxEvent], name: str) -> Any:
    for event in ordered:
        if getattr(event, name) is not None:
            return getattr(event, name)
    return None


def plain_references(ordered: list[FaxEvent]) -> tuple[Reference, ...]:
    told = {reference for event in ordered for reference in event.references}
    main = ordered[0].references[0].id
    rest = sorted({reference.id for reference in told} - {main})
    return tuple(Reference(name, Reference(name, shared=True) in told) for name in [main, *rest])


def plain_direction(ordered: list[FaxEvent]) -> Direction | None:
    said = first_said(ordered, "direction")
    implied = [IMPLIED[event.status] for event in ordered if event.status in IMPLIED]
    return said or (Direction(implied[0]) if implied else None)


def kind_of_news(status: FaxStatus | None) -> str:
    """Partial is a failure too, where causes and times are concerned."""
    if status in FAILURES or status == "partial":
        return "failure"
    if status == "canceled":
        return "canceled"
    return "success" if status in SUCCESSES else "none"


def same_news(ordered: list[FaxEvent]) -> list[FaxEvent]:
    news = kind_of_news(ordered[0].status)
    return [event for event in ordered if kind_of_news(event.status) == news]


def plain_finished_at(ordered: list[FaxEvent]) -> datetime:
    said = first_said(same_news(ordered), "occurred_at")
    return said or min(event.received_at for event in same_news(ordered))


def plain_starts(ordered: list[FaxEvent]) -> list[datetime]:
    moving = [event for event in ordered if event.status and event.status not in FINALS]
    return [event.occurred_at or event.received_at for event in moving]


def plain_reason(ordered: list[FaxEvent]) -> str | None:
    if kind_of_news(ordered[0].status) not in ("failure", "canceled"):
        return None
    reason: str = first_said(same_news(ordered), "reason") or "unknown"
    of_the_call = reason.partition(".")[0] in ("line", "fax", "tx")
    inbound = plain_direction(ordered) == "inbound"
    return "rx.incomplete" if of_the_call and inbound else reason


def plain_retrying(ordered: list[FaxEvent]) -> set[Flag]:
    """What each of the facts allows that allows anything at all, and the reason as well."""
    code, facts = plain_reason(ordered), [e for e in ordered if e.follows is not None]
    if kind_of_news(ordered[0].status) != "failure" or not facts or code is None:
        return set()
    if REASONS[code].may_have_printed:
        return set()
    redial = REASONS[code].retry in ("later", "soon") and all("redial" in e.follows for e in facts)
    other = REASONS[code].may_fail_over == "yes" and all("fail_over" in e.follows for e in facts)
    return {Flag.RETRYING} if redial or other else set()


def plain_flags(ordered: list[FaxEvent]) -> set[Flag]:
    deciding = ordered[0]
    if deciding.status not in FINALS or deciding.evidence is Evidence.CONFIRMED:
        return set()
    flags = set()
    for other in ordered[1:]:
        earlier_try = other.attempt != deciding.attempt and kind_of_news(other.status) == "failure"
        if other.status in FINALS and other.status != deciding.status and not earlier_try:
            flags.add(Flag.CONFLICT)
    if kind_of_news(deciding.status) == "failure" and any(event.retried for event in ordered):
        flags.add(Flag.PROVISIONAL)
    return flags
