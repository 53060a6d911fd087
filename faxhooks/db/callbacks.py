"""The raw inbox: every authentic request, kept as it came."""

from collections.abc import Collection, Iterable, Sequence
from operator import itemgetter
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from faxhooks.db.batches import Insert
from faxhooks.db.engine import BeginAgainError
from faxhooks.db.models import CallbackRow
from faxhooks.domain.errors import NotFoundError
from faxhooks.domain.fax import Verdict

Key = tuple[UUID, bytes]
"""An account and a digest, which stands once in it."""

_READ_ANEW = ("verdict", "reason", "digest", "release")

ADD: Final = Insert(
    CallbackRow,
    "(account_id, digest) DO UPDATE "
    "SET seen = callbacks.seen + excluded.seen, last_seen_at = excluded.last_seen_at "
    # The same id is our own second try at a commit whose answer was lost: it came once.
    "WHERE callbacks.id <> excluded.id",
)


def add_callbacks(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Keep these, or count them up on the first of each digest. None may stand twice in `rows`."""
    ADD.run(session, in_order(rows))


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """By their digests, so that two transactions wait for each other in one direction only."""
    return sorted(rows, key=itemgetter("account_id", "digest"))


def get_callback(
    session: Session, callback_id: UUID, *, accounts: Collection[UUID] | None = None
) -> CallbackRow:
    """One callback; raises NotFoundError. `accounts` are those the caller may see, None is all."""
    row = session.get(CallbackRow, callback_id)
    if row is None or (accounts is not None and row.account_id not in accounts):
        raise NotFoundError("there is no such callback")
    return row


def list_callbacks(session: Session, callback_ids: Collection[UUID]) -> Sequence[CallbackRow]:
    """These callbacks, as far as they are still kept, in the order of their arrival."""
    statement = select(CallbackRow).where(CallbackRow.id.in_(callback_ids))
    return session.scalars(statement.order_by(CallbackRow.received_at, CallbackRow.id)).all()


def lock_callbacks(
    session: Session, callback_ids: Collection[UUID]
) -> dict[UUID, tuple[Verdict, bytes]]:
    """Lock these rows, and tell the verdict and the digest of those that are still kept.

    In the order in which `add_callbacks` locks them, so that the two never block each other.
    """
    rows = session.execute(
        select(CallbackRow.id, CallbackRow.verdict, CallbackRow.digest)
        .where(CallbackRow.id.in_(callback_ids))
        .order_by(CallbackRow.account_id, CallbackRow.digest)
        .with_for_update()
    )
    return {row.id: (Verdict(row.verdict), row.digest) for row in rows}


def find_digests(session: Session, keys: Collection[Key]) -> set[Key]:
    """Which of these digests are taken by a callback of their account."""
    if not keys:
        return set()
    columns = CallbackRow.account_id, CallbackRow.digest
    rows = session.execute(select(*columns).where(tuple_(*columns).in_(sorted(keys))))
    return {(account_id, digest) for account_id, digest in rows}


def save_readings(session: Session, readings: Sequence[dict[str, Any]]) -> None:
    """Note on each `callback` how it reads now: `verdict`, `reason`, `digest` and `release`.

    Raises BeginAgainError when a callback that said the same arrived just now.
    """
    if not readings:
        return
    table = cast("Table", CallbackRow.__table__)
    changes: dict[Any, Any] = {name: bindparam(name) for name in _READ_ANEW}
    statement = update(table).where(table.c.id == bindparam("callback")).values(changes)
    try:
        session.connection().execute(statement, readings)
    except IntegrityError as error:
        raise BeginAgainError("a callback of the same digest arrived") from error
