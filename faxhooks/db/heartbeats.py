"""Who works in the background: a row for each worker, which says when it was last seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from faxhooks.db.batches import Insert
from faxhooks.db.pollmodels import WorkerRow

_KEPT: Final = timedelta(days=7)
_BEAT: Final = Insert(
    WorkerRow, "(id) DO UPDATE SET seen_at = excluded.seen_at, stopped_at = excluded.stopped_at"
)


@dataclass(frozen=True, slots=True)
class Workers:
    """How many have been seen in the last minute, and when the last one was."""

    alive: int
    seen_at: datetime | None


def beat(session: Session, worker: UUID, started_at: datetime, now: datetime) -> datetime | None:
    """Note that a worker lives; when any was seen before, if ever."""
    before = session.scalar(select(func.max(WorkerRow.seen_at)))
    row = {"id": worker, "started_at": started_at, "seen_at": now, "stopped_at": None}
    _BEAT.run(session, [row])
    session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now - _KEPT))
    return before


def stop(session: Session, worker: UUID, now: datetime) -> None:
    """Note that a worker ended in good order."""
    session.execute(update(WorkerRow).where(WorkerRow.id == worker).values(stopped_at=now))


def find_workers(session: Session, now: datetime) -> Workers:
    """Who was seen."""
    lately = WorkerRow.seen_at > now - timedelta(minutes=1), WorkerRow.stopped_at.is_(None)
    alive = session.scalar(select(func.count(WorkerRow.id)).where(*lately)) or 0
    return Workers(alive, session.scalar(select(func.max(WorkerRow.seen_at))))
