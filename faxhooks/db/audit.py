"""The audit: rows that are only ever added; both databases refuse to change or delete one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, literal, select, tuple_
from sqlalchemy.orm import Session

from faxhooks.db.models import AuditRow

Position = tuple[datetime, UUID]
"""Where a page begins: behind the row of this time and id."""


def add_audit(session: Session, row: dict[str, Any]) -> None:
    """Write one row, as part of the caller's transaction."""
    session.execute(insert(AuditRow), [row])


def list_audit(
    session: Session, *, action: str | None = None, after: Position | None = None, limit: int = 200
) -> Sequence[AuditRow]:
    """Who did what, the newest first, beginning behind `after`."""
    statement = select(AuditRow).order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(limit)
    if action is not None:
        statement = statement.where(AuditRow.action == action)
    if after is not None:
        at, row_id = after
        bound = tuple_(literal(at, AuditRow.at.type), literal(row_id, AuditRow.id.type))
        statement = statement.where(tuple_(AuditRow.at, AuditRow.id) < bound)
    return session.scalars(statement).all()
