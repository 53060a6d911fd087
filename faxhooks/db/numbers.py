"""What is known of one number: the faxes sent to it, and those that came from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from faxhooks.db.models import FaxRow
from faxhooks.domain.fax import Direction

Accounts = Collection[UUID] | None
"""The accounts whose faxes may be seen; None is all."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Faxes to a number that went the same way and came to the same.

    `pages` are those of the `paged` faxes that tell them; `last_at` is when the latest was first
    heard of, `last_ended_at` when the last one ended.
    """

    direction: str | None
    outcome: str
    reason: str | None
    faxes: int
    pages: int
    paged: int
    last_at: datetime
    last_ended_at: datetime


def tally_to(
    session: Session, number: str, *, accounts: Accounts, latest: int | None = None
) -> Sequence[Tally]:
    """All faxes to it, in one pass over them; only so many of the `latest` if that is given."""
    faxes = _faxes(FaxRow.recipient, number, accounts, latest)
    kinds = faxes.c.direction, faxes.c.outcome, faxes.c.reason
    ended_at = func.coalesce(faxes.c.finished_at, faxes.c.created_at)
    rows = session.execute(
        select(
            *kinds,
            func.count(),
            func.coalesce(func.sum(faxes.c.pages), 0),
            func.count(faxes.c.pages),
            func.max(faxes.c.created_at),
            func.max(ended_at),
        ).group_by(*kinds)
    )
    return [Tally(*row) for row in rows]


def sum_up_received(
    session: Session, number: str, *, accounts: Accounts, latest: int | None = None
) -> tuple[int, datetime | None]:
    """How many faxes came from it, and when the last one did."""
    faxes = _faxes(FaxRow.sender, number, accounts, latest)
    row = session.execute(
        select(func.count(), func.max(faxes.c.created_at)).where(
            faxes.c.direction == Direction.INBOUND
        )
    ).one()
    return row[0], row[1]


def _faxes(
    end: InstrumentedAttribute[Any], number: str, accounts: Accounts, latest: int | None
) -> Any:
    """Those with the number at this end; the latest of them lie together in its index."""
    faxes = select(
        FaxRow.direction,
        FaxRow.outcome,
        FaxRow.reason,
        FaxRow.pages,
        FaxRow.created_at,
        FaxRow.finished_at,
    ).where(end == number, FaxRow.merged_into.is_(None))
    if accounts is not None:
        faxes = faxes.where(FaxRow.account_id.in_(accounts))
    if latest is not None:
        faxes = faxes.order_by(FaxRow.created_at.desc(), FaxRow.id.desc()).limit(latest)
    return faxes.subquery()
