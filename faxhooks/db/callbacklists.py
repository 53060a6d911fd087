"""Lists of callbacks: filtered, newest first to look at, or oldest first to be read again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, false, func, or_, select
from sqlalchemy.orm import Session

from faxhooks.db import callbackwalks
from faxhooks.db.callbackwalks import UNREAD, Condition, Position, Walk
from faxhooks.db.faxfilters import account_ids, between
from faxhooks.db.models import AccountRow, CallbackRow, EventRow, FaxRow
from faxhooks.domain.errors import NotFoundError
from faxhooks.domain.fax import Verdict

_TALLIED: Final = 10_000
"""Callbacks whose reasons are told apart; more of them are one trouble, not many."""
_CONTENT = {"query", "headers", "body"}
_SHOWN = [column for column in CallbackRow.__table__.c if column.name not in _CONTENT]
"""What may be seen without the right to see content; bodies are not even fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFilter:
    """Which callbacks are asked for; an empty collection asks for all, several values for any of.

    A reason that ends in `*` is a prefix. `after` bounds are inclusive, `before` bounds
    exclusive. `accounts` holds ids or labels. `fax_ids` asks for the callbacks in the
    histories of these faxes. `visible` are the accounts that may be seen; None is all.
    """

    verdicts: Collection[str] = ()
    accounts: Collection[str] = ()
    providers: Collection[str] = ()
    evidences: Collection[str] = ()
    reasons: Collection[str] = ()
    fax_ids: Collection[UUID] = ()
    received_after: datetime | None = None
    received_before: datetime | None = None
    visible: Collection[UUID] | None = None


@dataclass(frozen=True, slots=True)
class ReasonTally:
    """How many callbacks were not understood for a reason, and when the last of them came."""

    reason: str
    callbacks: int
    last_at: datetime


def list_page(
    session: Session, wanted: CallbackFilter, *, limit: int, after: Position | None = None
) -> tuple[Sequence[Any], Position | None]:
    """Callbacks without their content, newest first, and where the next page begins.

    Each row has the columns of CallbackRow but `query`, `headers` and `body`, and its
    account's `account_label` and `provider`.
    """
    walk = Walk(newest_first=True, along=_along(wanted), after=after)
    return _page(session, walk, described(), wanted, limit)


def list_ids(
    session: Session, wanted: CallbackFilter, *, limit: int, after: Position | None = None
) -> tuple[list[UUID], Position | None]:
    """The ids of callbacks, oldest first, and where the next page begins."""
    columns = select(CallbackRow.received_at, CallbackRow.id)
    walk = Walk(newest_first=False, along=_along(wanted), after=after)
    rows, following = _page(session, walk, columns, wanted, limit)
    return [row.id for row in rows], following


def count_callbacks(session: Session, wanted: CallbackFilter) -> int:
    """How many callbacks are asked for."""
    conditions = _conditions(session, wanted)
    return session.scalar(select(func.count(CallbackRow.id)).where(*conditions)) or 0


def tally_reasons(session: Session, wanted: CallbackFilter, *, limit: int) -> Sequence[ReasonTally]:
    """Why the latest of these callbacks were not understood, the most frequent reason first."""
    latest = (
        select(CallbackRow.reason, CallbackRow.received_at)
        .where(CallbackRow.reason.is_not(None), *_conditions(session, wanted))
        .order_by(*callbackwalks.NEWEST)
        .limit(_TALLIED)
        .subquery()
    )
    count, last = func.count(), func.max(latest.c.received_at)
    counted = select(latest.c.reason, count, last).group_by(latest.c.reason)
    rows = session.execute(counted.order_by(count.desc(), last.desc()).limit(limit))
    return [ReasonTally(*row) for row in rows]


def get_described(
    session: Session,
    callback_id: UUID,
    *,
    content: bool,
    accounts: Collection[UUID] | None = None,
) -> Any:
    """One callback as `list_page` has it, with its `content` too if asked; NotFoundError."""
    statement = described(content=content).where(CallbackRow.id == callback_id)
    if accounts is not None:
        statement = statement.where(CallbackRow.account_id.in_(accounts))
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFoundError("there is no such callback")
    return row


def described(*, content: bool = False) -> Select[Any]:
    """Callbacks with their account beside them, as `list_page` has them."""
    columns = CallbackRow.__table__.c if content else _SHOWN
    label, provider = AccountRow.label.label("account_label"), AccountRow.provider
    owner = AccountRow.id == CallbackRow.account_id
    return select(*columns, label, provider).join_from(CallbackRow, AccountRow, owner)


def _page(
    session: Session, walk: Walk, statement: Select[Any], wanted: CallbackFilter, limit: int
) -> tuple[Sequence[Any], Position | None]:
    """What is asked for of this statement, and where the next page begins."""
    accounts = account_ids(session, wanted)
    matching = statement.where(*_beside(session, wanted))
    rows = callbackwalks.list_rows(session, walk, matching, accounts, limit + 1)
    page = rows[:limit]
    return page, (page[-1].received_at, page[-1].id) if len(rows) > limit else None


def _conditions(session: Session, wanted: CallbackFilter) -> list[Condition]:
    """All of them, for what reads more than a page."""
    conditions = [*_along(wanted), *_beside(session, wanted)]
    accounts = account_ids(session, wanted)
    if accounts is not None:
        few = callbackwalks.goes_by_account(session, accounts)
        conditions.append(callbackwalks.is_of(accounts, few=few))
    return conditions


def _along(wanted: CallbackFilter) -> list[Condition]:
    """What an index in the order of arrival serves: the time, and what nobody understood."""
    bounds = between(CallbackRow.received_at, wanted.received_after, wanted.received_before)
    return [*bounds, UNREAD] if _is_unread(wanted) else bounds


def _beside(session: Session, wanted: CallbackFilter) -> list[Condition]:
    """The others, but for the accounts."""
    verdicts = () if _is_unread(wanted) else wanted.verdicts
    conditions = [
        _any_reason(wanted.reasons),
        _any_fax(session, wanted.fax_ids),
        CallbackRow.verdict.in_(verdicts) if verdicts else None,
        CallbackRow.evidence.in_(wanted.evidences) if wanted.evidences else None,
    ]
    return [condition for condition in conditions if condition is not None]


def _is_unread(wanted: CallbackFilter) -> bool:
    return set(wanted.verdicts) == {Verdict.UNRECOGNIZED}


def _any_reason(reasons: Collection[str]) -> Condition | None:
    """Prefixes without LIKE, which takes no notice of capitals on SQLite."""
    if not reasons:
        return None
    exact = [reason for reason in reasons if not reason.endswith("*")]
    prefixes = [reason[:-1] for reason in reasons if reason.endswith("*")]
    begins = [func.substr(CallbackRow.reason, 1, len(prefix)) == prefix for prefix in prefixes]
    return or_(CallbackRow.reason.in_(exact), *begins)


def _any_fax(session: Session, fax_ids: Collection[UUID]) -> Condition | None:
    """The callbacks of a history are few, so they are looked up first, and then by their ids.

    A fax that was merged into another is found there.
    """
    if not fax_ids:
        return None
    into = select(FaxRow.merged_into).where(FaxRow.id.in_(fax_ids), FaxRow.merged_into.is_not(None))
    faxes = {*fax_ids, *session.scalars(into)}
    events = select(EventRow.callback_id).where(EventRow.fax_id.in_(faxes)).distinct()
    found = [callback_id for callback_id in session.scalars(events) if callback_id is not None]
    return CallbackRow.id.in_(found) if found else false()
