"""What was refused: counts by the hour, and the last refusal of an account in its set-up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from faxhooks.db.models import CallbackRow
from faxhooks.db.models_refusals import RefusalRow, SetupRow
from faxhooks.domain.fax import Evidence

_INSERTS: Final[dict[str, Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_AUTHENTIC: Final = (Evidence.SIGNED, Evidence.UNSIGNED)
"""What came by itself; what was read from the provider's API proves nothing of a hook."""

Place = tuple[datetime, UUID, str]
"""The hour, the account and the cause that requests are counted under."""


@dataclass(frozen=True, slots=True)
class Refused:
    """How many requests were refused for a cause; `account_id` is NOBODY where none is known."""

    account_id: UUID
    cause: str
    requests: int


def add_refusals(session: Session, counts: Mapping[Place, int]) -> None:
    """Add to what is counted already; in one order, so that no two processes wait crosswise."""
    insert = _INSERTS[session.get_bind().dialect.name](RefusalRow)
    for hour, account_id, cause in sorted(counts):
        number = counts[hour, account_id, cause]
        session.execute(
            insert.values(
                hour=hour, account_id=account_id, cause=cause, requests=number
            ).on_conflict_do_update(
                index_elements=[RefusalRow.hour, RefusalRow.account_id, RefusalRow.cause],
                set_={"requests": RefusalRow.requests + number},
            )
        )


def list_refused(
    session: Session, since: datetime, *, visible: Collection[UUID] | None
) -> Sequence[Refused]:
    """Counts since this hour, the most frequent first; of what these accounts may see."""
    total = func.sum(RefusalRow.requests)
    statement = select(RefusalRow.account_id, RefusalRow.cause, total)
    statement = statement.where(RefusalRow.hour >= since)
    if visible is not None:
        statement = statement.where(RefusalRow.account_id.in_(visible))
    statement = statement.group_by(RefusalRow.account_id, RefusalRow.cause)
    rows = session.execute(statement.order_by(total.desc(), RefusalRow.cause))
    return [Refused(account_id, cause, int(requests)) for account_id, cause, requests in rows]


def forget_refusals(session: Session, *, counts: datetime, facts: datetime) -> None:
    """Delete counts of before one time, and facts of before another."""
    session.execute(delete(RefusalRow).where(RefusalRow.hour < counts))
    old = SetupRow.refused_at < facts
    session.execute(update(SetupRow).where(old).values(refused_at=None, facts=None))


def find_setup(session: Session, account_id: UUID) -> SetupRow | None:
    """Who watches the account, and what it last refused."""
    return session.get(SetupRow, account_id)


def save_setup(session: Session, account_id: UUID, **values: Any) -> None:
    """Set these columns of the account's row, which is made where there is none."""
    insert = _INSERTS[session.get_bind().dialect.name](SetupRow)
    session.execute(
        insert.values(account_id=account_id, **values).on_conflict_do_update(
            index_elements=[SetupRow.account_id], set_=values
        )
    )


def has_called(session: Session, account_id: UUID) -> bool:
    """Whether the account ever had a callback that was taken for its provider's."""
    mine = CallbackRow.account_id == account_id, CallbackRow.evidence.in_(_AUTHENTIC)
    # In the order of an index, since PostgreSQL would look for any one in the whole table.
    first = select(CallbackRow.id).where(*mine).order_by(CallbackRow.digest).limit(1)
    return session.scalars(first).first() is not None
