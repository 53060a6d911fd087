"""Whether all that was acknowledged is in the database; a figure without that means nothing."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from faxhooks.db.engine import Database
from faxhooks.db.models import CallbackRow, EventRow, FaxRow

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


def look_up(database_url: str, acknowledged: Iterable[bytes]) -> Kept:
    """Compare the bodies that were answered with 200 with those that are stored."""
    database = Database(database_url)
    try:
        return database.read(lambda session: _compare(session, acknowledged), seconds=_SECONDS)
    finally:
        database.engine.dispose()


def _compare(session: Session, acknowledged: Iterable[bytes]) -> Kept:
    bodies = list(acknowledged)
    distinct = set(bodies)
    stored = session.scalars(select(CallbackRow.body)).all()
    digests = select(EventRow.digest).where(EventRow.callback_id == CallbackRow.id)
    without_event = CallbackRow.digest.not_in(digests)
    return Kept(
        acknowledged=len(bodies),
        distinct=len(distinct),
        lost=len(distinct.difference(stored)),
        callbacks=len(stored),
        seen=session.scalar(select(func.sum(CallbackRow.seen))) or 0,
        events=session.scalar(select(func.count()).select_from(EventRow)) or 0,
        misread=session.scalar(select(func.count(CallbackRow.id)).where(without_event)) or 0,
        faxes=session.scalar(select(func.count()).select_from(FaxRow)) or 0,
    )
