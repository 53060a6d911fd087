"""Callbacks of some accounts in the order of their arrival, looked for where there is little to
pass over.

No index has them in that order, since every callback would pay for it. A quiet account has few,
which are all looked at; those of any other are met before long among all that came. PostgreSQL
chooses so by itself, since it knows how many an account has; SQLite, left to itself, would read
everything that the account ever had, and sort it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, text, tuple_
from sqlalchemy.orm import Session

from faxhooks.db.models import CallbackRow
from faxhooks.domain.fax import Verdict

Condition = ColumnElement[bool]
Position = tuple[datetime, UUID]
"""Where a page begins: behind the callback of this arrival and id."""

UNREAD: Final[Any] = text(f"callbacks.verdict = '{Verdict.UNRECOGNIZED}'")
"""What nobody understood, in the very words of its partial index, so that it is seen to serve."""

_FEW: Final = 1_000
"""The most that a quiet account has. They lie apart, so each costs more than one passed over."""
_NEAR: Final = 10_000
"""Callbacks of all accounts that are gone through for a page before the account's own are."""
NEWEST: Final = (CallbackRow.received_at.desc(), CallbackRow.id.desc())
_OLDEST: Final = (CallbackRow.received_at, CallbackRow.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A way through all callbacks, from the newest or from the oldest on, behind `after`.

    `along` are conditions that an index in this order serves.
    """

    newest_first: bool
    along: Sequence[Condition]
    after: Position | None

    def through(self, statement: Select[Any]) -> Select[Any]:
        """The rows of a statement that lie on it, in their order."""
        behind = [] if self.after is None else [self._behind(*self.after)]
        ordered = statement.order_by(*(NEWEST if self.newest_first else _OLDEST))
        return ordered.where(*self.along, *behind)

    def until(self, moment: datetime) -> Condition:
        """What is met no later than this arrival."""
        came = CallbackRow.received_at
        return came >= moment if self.newest_first else came <= moment

    def _behind(self, received_at: datetime, callback_id: UUID) -> Condition:
        """With the key as typed parameters: a bare tuple would be sent without its types."""
        key = tuple_(*_OLDEST)
        moment = literal(received_at, CallbackRow.received_at.type)
        bound = tuple_(moment, literal(callback_id, CallbackRow.id.type))
        return key < bound if self.newest_first else key > bound


def list_rows(
    session: Session,
    walk: Walk,
    statement: Select[Any],
    accounts: Collection[UUID] | None,
    limit: int,
) -> Sequence[Any]:
    """The first rows of a statement on this walk, of these accounts; None is all of them.

    Where the first `_NEAR` callbacks of all have too few of theirs, as after a long silence or
    by a rare word, nothing is lost but the time for these.
    """
    page = walk.through(statement).limit(limit)
    if accounts is None:
        return session.execute(page).all()
    own = page.where(is_of(accounts, few=True))
    if goes_by_account(session, accounts):
        return session.execute(own).all()
    near = page.where(is_of(accounts, few=False))
    moments = walk.through(select(CallbackRow.received_at))
    end = session.scalar(moments.offset(_NEAR).limit(1))
    if end is None:
        return session.execute(near).all()
    rows = session.execute(near.where(walk.until(end))).all()
    return rows if len(rows) == limit else session.execute(own).all()


def goes_by_account(session: Session, accounts: Collection[UUID]) -> bool:
    """Whether they are named as they are: they have few, or the database knows how many."""
    return session.get_bind().dialect.name != "sqlite" or has_few(session, accounts)


def has_few(session: Session, accounts: Collection[UUID]) -> bool:
    """Counted no further than that, in the order of an index, and so in the index alone."""
    theirs = select(CallbackRow.digest).where(CallbackRow.account_id.in_(accounts))
    ordered = theirs.order_by(CallbackRow.account_id, CallbackRow.digest)
    return session.execute(ordered.offset(_FEW).limit(1)).first() is None


def is_of(accounts: Collection[UUID], *, few: bool) -> Condition:
    """Of many, in words that no index of accounts serves, so that all that came are walked."""
    column = CallbackRow.account_id
    return (column if few else func.coalesce(column, column)).in_(accounts)
