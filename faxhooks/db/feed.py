"""The one numbering of all changes, without a gap and in the order of their commits."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from faxhooks.db.batches import is_sqlite
from faxhooks.db.engine import Database
from faxhooks.db.history import Entry, read_entry
from faxhooks.db.models import EventRow, FaxRow, FeedRow
from faxhooks.domain.errors import UnavailableError

CHANNEL: Final = "faxhooks_changes"
"""What PostgreSQL's listeners are told on, once the numbers are visible."""

_LOOK_SECONDS: Final = 0.2
_CONNECT_SECONDS: Final = 2

_FEED: Any = FeedRow.__table__
_TAKE = (
    update(_FEED)
    .where(_FEED.c.id == 1)
    .values(last=_FEED.c.last + bindparam("count"))
    .returning(_FEED.c.last)
)
_TAKE_AND_TELL = _TAKE.returning(func.pg_notify(CHANNEL, ""))


@dataclass(frozen=True, slots=True)
class Change:
    """An event with its number in the feed, and whose fax it is about."""

    number: int
    entry: Entry
    account_id: UUID
    provider: str
    provider_fax_id: str


def take_numbers(session: Session, count: int) -> int:
    """The first of so many new numbers.

    The row stays locked until the caller's transaction ends, so take them late in it:
    whoever comes next waits, and no number becomes visible before the ones below it.
    """
    taking = _TAKE if is_sqlite(session) else _TAKE_AND_TELL
    last: int = session.scalars(taking, {"count": count}).one()
    return last - count + 1


def last_number(session: Session) -> int:
    """The number of the last change; 0 before the first."""
    return session.scalars(select(FeedRow.last)).one()


def list_changes(
    session: Session, *, after: int, limit: int, accounts: Collection[UUID] | None = None
) -> Sequence[Change]:
    """Changes behind this number, in order; of these accounts only, None being all."""
    statement = (
        select(
            EventRow.__table__,
            FaxRow.account_id.label("account_id"),
            FaxRow.provider.label("provider"),
            FaxRow.provider_fax_id.label("provider_fax_id"),
        )
        .join(FaxRow, FaxRow.id == EventRow.fax_id)
        .where(EventRow.change > after)
        .order_by(EventRow.change)
        .limit(limit)
    )
    if accounts is not None:
        statement = statement.where(FaxRow.account_id.in_(accounts))
    return [
        Change(row.change, read_entry(row), row.account_id, row.provider, row.provider_fax_id)
        for row in session.execute(statement)
    ]


@contextmanager
def listening(database: Database) -> Iterator[Callable[[float], None]]:
    """A function that waits until there may be a change, or so many seconds.

    PostgreSQL tells its listeners, over a connection of their own; on SQLite we look again
    after a short while. Raises UnavailableError when the connection is lost.
    """
    if database.is_sqlite:
        yield _sleep
        return
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    driver: Any = database.engine.dialect.dbapi  # On SQLite alone its 8 MB are never loaded.
    try:
        with driver.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
            connection.execute(f"LISTEN {CHANNEL}")

            def wait(seconds: float) -> None:
                for _ in connection.notifies(timeout=seconds, stop_after=1):
                    return

            yield wait
    except driver.Error as error:
        raise UnavailableError("the database does not answer; try again") from error


def _sleep(seconds: float) -> None:
    time.sleep(min(seconds, _LOOK_SECONDS))
