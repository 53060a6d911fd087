"""Facts become history: each is kept once, and its fax is folded anew, under one lock.

Everything that learns of a fax (a callback today; a poll, a send or a timer as well) comes
through here, inside the caller's transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import faxes, feed, history, tags
from faxhooks.db.history import Entry
from faxhooks.domain.fax import FaxState, FaxStatus, Verdict
from faxhooks.domain.lifecycle import fold, judge
from faxhooks.services.claiming import Fact, claim_faxes


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a fact."""

    fax_id: UUID
    verdict: Verdict
    status_after: FaxStatus


@dataclass(frozen=True, slots=True)
class Entered:
    """What facts did to histories: `earlier` are faxes that turned out to be older."""

    recorded: list[Recorded]
    added: list[Entry]
    states: dict[UUID, FaxState]
    changed: set[UUID]
    earlier: set[UUID]


def record(session: Session, facts: Sequence[Fact]) -> list[Recorded]:
    """Keep these facts and project their faxes; the answers are in the order of the facts.

    Afterwards every fax involved is locked until the end of the transaction.
    """
    if not facts:
        return []
    claim = claim_faxes(session, facts)
    entered = enter(facts, claim.fax_ids, history.list_entries(session, claim.existing))
    changed = entered.changed | claim.merged
    homes = {f: fact.home for fact, f in zip(facts, claim.fax_ids, strict=True)}
    faxes.save_faxes(session, {f: (homes[f], entered.states[f]) for f in sorted(changed)})
    tags.follow_faxes(session, entered.earlier | claim.merged)
    _add_numbered(session, entered.added)
    return entered.recorded


def enter(
    facts: Sequence[Fact], fax_ids: Sequence[UUID], histories: dict[UUID, list[Entry]]
) -> Entered:
    """Add each fact to the history of its fax, unless it stands there, and fold it anew."""
    states = {fax_id: fold(e.event for e in known) for fax_id, known in histories.items()}
    entered = Entered([], [], states, set(), set())
    for fact, fax_id in zip(facts, fax_ids, strict=True):
        known = histories.setdefault(fax_id, [])
        if any(entry.event.digest == fact.event.digest for entry in known):
            repeated = Recorded(fax_id, Verdict.REPEATED, states[fax_id].status)
            entered.recorded.append(repeated)
            continue
        if known and fact.event.received_at < states[fax_id].created_at:
            entered.earlier.add(fax_id)
        entry, states[fax_id] = _next_entry(known, states.get(fax_id), fax_id, fact)
        known.append(entry)
        entered.added.append(entry)
        entered.changed.add(fax_id)
        entered.recorded.append(Recorded(fax_id, entry.verdict, entry.status_after))
    return entered


def _add_numbered(session: Session, added: Sequence[Entry]) -> None:
    """Last, since from here to the commit whoever else adds to the feed has to wait."""
    if added:
        first = feed.take_numbers(session, len(added))
        numbered = [replace(entry, change=first + n) for n, entry in enumerate(added)]
        history.add_entries(session, numbered)


def _next_entry(
    known: Sequence[Entry], before: FaxState | None, fax_id: UUID, fact: Fact
) -> tuple[Entry, FaxState]:
    """The next line of a history, and where the fax stands with it."""
    after = fold([*(entry.event for entry in known), fact.event])
    verdict = judge(before, fact.event, after)
    seq = known[-1].seq + 1 if known else 1
    return Entry(fax_id, seq, fact.event, verdict, after.status, fact.callback_id), after
