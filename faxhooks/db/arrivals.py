"""What came last for an account, looked for where there is little to pass over.

As in `callbackwalks`, but that no more than what came since some time is gone through.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from faxhooks.db.callbacklists import described
from faxhooks.db.callbackwalks import NEWEST, has_few, is_of
from faxhooks.db.models import CallbackRow

_LATEST: Final = 500
"""Callbacks among which a busy account has one."""


def list_last_arrivals(
    session: Session, since: datetime, accounts: Collection[UUID]
) -> dict[UUID, datetime]:
    """When the last callback of each of these accounts came, of those that had one since then.

    All busy ones are found by one look at the latest callbacks.
    """
    latest = (
        select(CallbackRow.account_id, CallbackRow.received_at)
        .where(CallbackRow.received_at >= since)
        .order_by(*NEWEST)
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
    few = has_few(session, [account_id])
    wanted = [is_of([account_id], few=few), CallbackRow.received_at >= since]
    if evidences:
        wanted.append(CallbackRow.evidence.in_(evidences))
    last = select(CallbackRow.id).where(*wanted).order_by(*NEWEST).limit(1)
    # Its account is looked up for the one that was found: joined to all, it would lead the way.
    only = CallbackRow.id == last.correlate(None).scalar_subquery()
    return session.execute(described().where(only)).one_or_none()
