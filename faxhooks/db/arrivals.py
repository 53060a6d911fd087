"""What came last for an account, looked for where there is little to pass over.

No index has the callbacks of an account in the order of their arrival, since every callback
would pay for it. A quiet account has few, which are all looked at; of any other the last is
among the latest of all before long.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from faxhooks.db.callbacklists import described
from faxhooks.db.models import CallbackRow

_LATEST: Final = 500
"""Callbacks among which a busy account has one."""
_FEW: Final = 1_000
"""The most that a quiet account has. They lie apart, so each costs more than one passed over."""
_NEWEST: Final = (CallbackRow.received_at.desc(), CallbackRow.id.desc())


def list_last_arrivals(
    session: Session, since: datetime, accounts: Collection[UUID]
) -> dict[UUID, datetime]:
    """When the last callback of each of these accounts came, of those that had one since then.

    All busy ones are found by one look at the latest callbacks.
    """
    latest = (
        select(CallbackRow.account_id, CallbackRow.received_at)
        .where(CallbackRow.received_at >= since)
        .order_by(*_NEWEST)
        .limit(_LATEST)
    )
    found: dict[UUID, datetime] = {}
    for account_id, received_at in session.execute(latest):
        found.setdefault(account_id, received_at)
    for account_id in set(accounts) - set(found):
        last = find_last(session, account_id, since)
        if last is not None:
            found[account_id] = last.received_at
    return found


def find_last(
    session: Session, account_id: UUID, since: datetime, *, evidences: Collection[str] = ()
) -> Any:
    """The last callback of this account since then, as `callbacklists.list_page` has it, or
    None; of these evidences, or of any.
    """
    few = _has_few(session, account_id)
    wanted = [_is_of(account_id, few=few), CallbackRow.received_at >= since]
    if evidences:
        wanted.append(CallbackRow.evidence.in_(evidences))
    last = select(CallbackRow.id).where(*wanted).order_by(*_NEWEST).limit(1)
    # Its account is looked up for the one that was found: joined to all, it would lead the way.
    only = CallbackRow.id == last.correlate(None).scalar_subquery()
    return session.execute(described().where(only)).one_or_none()


def _has_few(session: Session, account_id: UUID) -> bool:
    """Counted no further than that, in the order of an index, and so in the index alone."""
    mine = select(CallbackRow.digest).where(CallbackRow.account_id == account_id)
    beyond = mine.order_by(CallbackRow.digest).offset(_FEW).limit(1)
    return session.execute(beyond).first() is None


def _is_of(account_id: UUID, *, few: bool) -> ColumnElement[bool]:
    """Of many, in words that no index of accounts serves, so that the latest of all are walked:
    SQLite would read everything that the account ever had, and sort it.
    """
    column = CallbackRow.account_id
    return (column if few else func.coalesce(column, column)) == account_id
