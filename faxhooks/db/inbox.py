"""The raw inbox as operators and the worker ask for it: the unread, the old."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, literal, select, tuple_
from sqlalchemy.orm import Session

from faxhooks.db.callbackwalks import UNREAD
from faxhooks.db.models import CallbackRow
from faxhooks.domain.fax import Verdict

BACKLOG_MOST: Final = 1000
"""Counting stops here: a probe must not grow with the trouble it tells of."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A callback that was kept without being understood."""

    id: UUID
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadFilter:
    """Which of them are asked for: not those that `not_release` has read, those whose reason
    begins with `reason_prefix`, those of one account.
    """

    not_release: str | None = None
    reason_prefix: str = ""
    account_id: UUID | None = None


def list_unread(
    session: Session, wanted: UnreadFilter, *, after: Unread | None = None, limit: int = 500
) -> list[Unread]:
    """Callbacks nobody understood, from the oldest on, beginning behind `after`."""
    columns = select(CallbackRow.id, CallbackRow.received_at)
    statement = columns.where(*_unread(wanted.account_id))
    if wanted.not_release is not None:
        statement = statement.where(CallbackRow.release != wanted.not_release)
    if wanted.reason_prefix:
        begins = CallbackRow.reason.startswith(wanted.reason_prefix, autoescape=True)
        statement = statement.where(begins)
    if after is not None:
        key = tuple_(CallbackRow.received_at, CallbackRow.id)
        behind = (
            literal(after.received_at, CallbackRow.received_at.type),
            literal(after.id, CallbackRow.id.type),
        )
        statement = statement.where(key > tuple_(*behind))
    rows = session.execute(statement.order_by(CallbackRow.received_at, CallbackRow.id).limit(limit))
    return [Unread(*row) for row in rows]


def count_unread(session: Session, *, account_id: UUID | None = None) -> int:
    """How many callbacks nobody understood."""
    return session.scalar(select(func.count(CallbackRow.id)).where(*_unread(account_id))) or 0


def count_backlog(session: Session) -> int:
    """How many callbacks nobody understood, up to `BACKLOG_MOST`."""
    some = select(CallbackRow.id).where(UNREAD).limit(BACKLOG_MOST).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def count_old(session: Session, before: datetime, *, unread: bool) -> int:
    """How many callbacks arrived before this time; `unread` counts those not understood too."""
    return session.scalar(select(func.count(CallbackRow.id)).where(*_old(before, unread))) or 0


def delete_old(session: Session, before: datetime, *, unread: bool, limit: int) -> int:
    """Delete at most `limit` of those that `count_old` counts, and say how many it were."""
    oldest = (
        select(CallbackRow.id)
        .where(*_old(before, unread))
        .order_by(CallbackRow.received_at, CallbackRow.id)
        .limit(limit)
    )
    gone = session.scalars(
        delete(CallbackRow)
        .where(CallbackRow.id.in_(oldest))
        .returning(CallbackRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def _unread(account_id: UUID | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [UNREAD]
    if account_id is not None:
        conditions.append(CallbackRow.account_id == account_id)
    return conditions


def _old(before: datetime, unread: bool) -> list[ColumnElement[bool]]:
    conditions = [CallbackRow.received_at < before]
    if not unread:
        conditions.append(CallbackRow.verdict != Verdict.UNRECOGNIZED)
    return conditions
