"""Whether a filled database is what the service would have written: looked at, not assumed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from faxhooks.db.engine import Database
from faxhooks.db.faxes import Home, save_faxes
from faxhooks.db.feed import last_number
from faxhooks.db.history import Entry, list_entries
from faxhooks.db.models import EventRow, FaxRow, TagRow
from faxhooks.db.references import list_references
from faxhooks.domain.fax import FaxState
from faxhooks.domain.lifecycle import fold, judge


class WrongError(Exception):
    """The database holds what the service would not have written."""


def check(database: Database, fax_ids: Sequence[UUID]) -> None:
    """Project these faxes anew from their events and see that nothing changes.

    Raises WrongError, which names the fax and what is wrong. Nothing is kept of it.
    """
    with Session(database.engine) as session:
        _check_feed(session)
        before = _rows(session, fax_ids)
        histories = list_entries(session, fax_ids)
        states = {fax_id: _told(histories[fax_id]) for fax_id in fax_ids}
        homes = {f: Home(row["account_id"], row["provider"]) for f, row in before.items()}
        save_faxes(session, {f: (homes[f], state) for f, state in states.items()})
        after = _rows(session, fax_ids)
        references = list_references(session, fax_ids)
        for fax_id, state in states.items():
            _same(fax_id, before[fax_id], after[fax_id])
            named = {"references": sorted(reference.id for reference in state.references)}
            _same(fax_id, {"references": references[fax_id]}, named)
            _check_tags(session, fax_id, before[fax_id])
        session.rollback()


def _check_feed(session: Session) -> None:
    """All numbers from 1 on, and the last of them noted."""
    counts = session.execute(
        select(func.count(), func.min(EventRow.change), func.max(EventRow.change))
    ).one()
    last = last_number(session)
    if tuple(counts) != (last, 1, last):
        raise WrongError(f"the feed ends with {last}, its events are (count, first, last) {counts}")


def _told(entries: Sequence[Entry]) -> FaxState:
    """The state that these events lead to, each of which did what it says it did."""
    state: FaxState | None = None
    for number, entry in enumerate(entries, start=1):
        after = fold(known.event for known in entries[:number])
        did = (number, judge(state, entry.event, after), after.status)
        if did != (entry.seq, entry.verdict, entry.status_after):
            raise WrongError(f"fax {entry.fax_id}: event {entry.seq} is not {did}")
        state = after
    if state is None:
        raise WrongError("a fax has no events")
    return state


def _rows(session: Session, fax_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    found = session.execute(select(FaxRow.__table__).where(FaxRow.id.in_(fax_ids)))
    return {row["id"]: dict(row) for row in found.mappings()}


def _check_tags(session: Session, fax_id: UUID, fax: Mapping[str, Any]) -> None:
    """Those that are shown, and where the fax lies."""
    columns = TagRow.name, TagRow.value, TagRow.created_at
    rows = session.execute(select(*columns).where(TagRow.fax_id == fax_id)).all()
    _same(fax_id, {"tags": {name: value for name, value, _ in rows}}, {"tags": fax["tags"]})
    for _, _, created_at in rows:
        _same(fax_id, {"created_at": created_at}, {"created_at": fax["created_at"]})


def _same(fax_id: UUID, found: Mapping[str, Any], right: Mapping[str, Any]) -> None:
    wrong = [name for name in right if found[name] != right[name]]
    if wrong:
        raise WrongError(f"fax {fax_id}: {', '.join(wrong)} not as its events say")
