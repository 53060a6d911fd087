"""The audit: rows that are only ever added; both databases refuse to change or delete one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from faxhooks.db.models import AuditRow

Position = tuple[datetime, UUID]
"""Where a page begins: behind the row of this time and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which rows are asked for; an empty collection asks for all, several values for any of.

    An actor or a subject that ends in `*` is a prefix. `start` is inclusive, `end` exclusive.
    """

    actions: Collection[str] = ()
    subjects: Collection[str] = ()
    actors: Collection[str] = ()
    start: datetime | None = None
    end: datetime | None = None


EVERYTHING: Final = AuditFilter()


def add_audit(session: Session, row: dict[str, Any]) -> None:
    """Write one row, as part of the caller's transaction."""
    session.execute(insert(AuditRow), [row])


def list_audit(
    session: Session,
    wanted: AuditFilter = EVERYTHING,
    *,
    after: Position | None = None,
    limit: int = 200,
) -> Sequence[AuditRow]:
    """Who did what, the newest first, beginning behind `after`."""
    statement = select(AuditRow).where(*_conditions(wanted))
    if after is not None:
        at, row_id = after
        bound = tuple_(literal(at, AuditRow.at.type), literal(row_id, AuditRow.id.type))
        statement = statement.where(tuple_(AuditRow.at, AuditRow.id) < bound)
    newest = (AuditRow.at.desc(), AuditRow.id.desc())
    return session.scalars(statement.order_by(*newest).limit(limit)).all()


def list_page(
    session: Session, wanted: AuditFilter, *, limit: int, after: Position | None = None
) -> tuple[Sequence[AuditRow], Position | None]:
    """The same, and where the next page begins, None on the last one."""
    rows = list_audit(session, wanted, after=after, limit=limit + 1)
    page = rows[:limit]
    return page, (page[-1].at, page[-1].id) if len(rows) > limit else None


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions = [
        AuditRow.action.in_(wanted.actions) if wanted.actions else None,
        _any_of(AuditRow.subject, wanted.subjects),
        _any_of(AuditRow.actor, wanted.actors),
        None if wanted.start is None else AuditRow.at >= wanted.start,
        None if wanted.end is None else AuditRow.at < wanted.end,
    ]
    return [condition for condition in conditions if condition is not None]


def _any_of(
    column: InstrumentedAttribute[str], words: Collection[str]
) -> ColumnElement[bool] | None:
    """Prefixes without LIKE, which takes no notice of capitals on SQLite."""
    if not words:
        return None
    exact = [word for word in words if not word.endswith("*")]
    prefixes = [word[:-1] for word in words if word.endswith("*")]
    begins = [func.substr(column, 1, len(prefix)) == prefix for prefix in prefixes]
    return or_(column.in_(exact), *begins)
