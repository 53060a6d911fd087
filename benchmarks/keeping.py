"""Whether all that was acknowledged is in the database; a figure without that means nothing."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from faxhooks.db.engine import Database
from faxhooks.db.models import AccountRow, CallbackRow, EventRow, FaxRow

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What was acknowledged, and what was found of it. `lost` are acknowledged callbacks of
    which there is no row, `misread` rows that became no event of a fax.
    """

    acknowledged: int
    distinct: int
    lost: int
    callbacks: int
    seen: int
    events: int
    misread: int
    faxes: int

    @property
    def is_whole(self) -> bool:
        """Whether each is there once, with its event, and every repeat was counted."""
        return (
            not (self.lost or self.misread)
            and self.callbacks == self.events >= self.distinct
            and self.seen >= self.acknowledged
        )

    def as_json(self) -> dict[str, Any]:
        """All of it in one object."""
        return {**asdict(self), "is_whole": self.is_whole}


def look_up(database_url: str, acknowledged: Iterable[bytes], labels: Collection[str] = ()) -> Kept:
    """Compare the bodies that were answered with 200 with those that are stored, of these
    accounts alone where any are named.
    """
    database = Database(database_url)
    try:
        # A stream has no deadline for a statement, and these read whole tables.
        (kept,) = database.stream(
            lambda session: iter([_compare(session, acknowledged, labels)]), seconds=_SECONDS
        )
        return kept
    finally:
        database.engine.dispose()


def _compare(session: Session, acknowledged: Iterable[bytes], labels: Collection[str]) -> Kept:
    bodies = list(acknowledged)
    distinct = set(bodies)
    of_callbacks = _owned(CallbackRow, labels)
    stored = session.scalars(select(CallbackRow.body).where(*of_callbacks)).all()
    faxes = select(FaxRow.id).where(*_owned(FaxRow, labels))
    its_event = and_(EventRow.callback_id == CallbackRow.id, EventRow.digest == CallbackRow.digest)
    callbacks = select(CallbackRow.id).outerjoin(EventRow, its_event).where(*of_callbacks)
    return Kept(
        acknowledged=len(bodies),
        distinct=len(distinct),
        lost=len(distinct.difference(stored)),
        callbacks=len(stored),
        seen=session.scalar(select(func.sum(CallbackRow.seen)).where(*of_callbacks)) or 0,
        events=_count(session, select(EventRow.change).where(EventRow.fax_id.in_(faxes))),
        misread=_count(session, callbacks.where(EventRow.callback_id.is_(None))),
        faxes=_count(session, faxes),
    )


def _owned(
    table: type[CallbackRow] | type[FaxRow], labels: Collection[str]
) -> tuple[ColumnElement[bool], ...]:
    if not labels:
        return ()
    return (table.account_id.in_(select(AccountRow.id).where(AccountRow.label.in_(labels))),)


def _count(session: Session, rows: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0
