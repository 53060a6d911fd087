"""What is known of one number: the faxes sent to it, and those that came from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from faxhooks.db.models import FaxRow
from faxhooks.domain.fax import Direction, Outcome

Accounts = Collection[UUID] | None
"""The accounts whose faxes may be seen; None is all."""


@dataclass(frozen=True, slots=True)
class FailureReason:
    """A reason, and how many faxes failed for it."""

    code: str
    faxes: int


def sum_up_sent(session: Session, number: str, *, accounts: Accounts) -> Any:
    """One row: `faxes`, a count for each outcome, `pages` and `paged` of those that arrived,
    `last_attempt_at`, `last_success_at`, `last_failure_at`.

    A fax whose direction nobody told counts as sent: what a provider says of one that failed
    often leaves it out, and without these a number would look better than it is.
    """
    ended_at = func.coalesce(FaxRow.finished_at, FaxRow.created_at)
    success, failure = FaxRow.outcome == Outcome.SUCCESS, FaxRow.outcome == Outcome.FAILURE
    return session.execute(
        select(
            func.count().label("faxes"),
            *(_count(FaxRow.outcome == outcome).label(outcome) for outcome in Outcome),
            func.coalesce(func.sum(case((success, FaxRow.pages))), 0).label("pages"),
            func.count(case((success, FaxRow.pages))).label("paged"),
            func.max(FaxRow.created_at).label("last_attempt_at"),
            func.max(case((success, ended_at))).label("last_success_at"),
            func.max(case((failure, ended_at))).label("last_failure_at"),
        ).where(*_sent(number, accounts))
    ).one()


def list_failure_reasons(
    session: Session, number: str, *, accounts: Accounts
) -> Sequence[FailureReason]:
    """Why faxes to it failed, the most frequent reason first; of equal ones the latest."""
    count, latest = func.count().label("faxes"), func.max(FaxRow.created_at)
    rows = session.execute(
        select(FaxRow.reason, count)
        .where(
            *_sent(number, accounts),
            FaxRow.outcome == Outcome.FAILURE,
            FaxRow.reason.is_not(None),
        )
        .group_by(FaxRow.reason)
        .order_by(count.desc(), latest.desc(), FaxRow.reason)
    )
    return [FailureReason(*row) for row in rows]


def sum_up_received(
    session: Session, number: str, *, accounts: Accounts
) -> tuple[int, datetime | None]:
    """How many faxes came from it, and when the last one did."""
    row = session.execute(
        select(func.count(), func.max(FaxRow.created_at)).where(
            FaxRow.sender == number,
            FaxRow.direction == Direction.INBOUND,
            *_visible(accounts),
        )
    ).one()
    return row[0], row[1]


def _sent(number: str, accounts: Accounts) -> list[ColumnElement[bool]]:
    outbound = or_(FaxRow.direction.is_(None), FaxRow.direction != Direction.INBOUND)
    return [FaxRow.recipient == number, outbound, *_visible(accounts)]


def _visible(accounts: Accounts) -> list[ColumnElement[bool]]:
    visible = [] if accounts is None else [FaxRow.account_id.in_(accounts)]
    return [FaxRow.merged_into.is_(None), *visible]


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))
