"""The tables of asking: what is to be asked when, how fast, and who asks.

No callback touches them. Rows are made by the worker, which follows the feed of changes; so
they carry no foreign key either, whose check would lock the rows that callbacks lock.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Double, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from faxhooks.db.models import Row


class PollRow(Row):
    """When a fax is asked about next, and what the last answer was.

    `due_at` is None once nothing more is to be asked. While `leased_until` is ahead,
    `leased_by` is asking; who died with a lease is waited for until then. `answer` is the
    provider's status word, or what was in its place; `failures` counts asking in vain since
    the last answer.
    """

    __tablename__ = "polls"

    fax_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    due_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer)
    answer: Mapped[str | None]
    error: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[UUID | None]

    __table_args__ = (
        Index(
            "ix_polls_account_id_due_at",
            "account_id",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )


class AskingRow(Row):
    """How an account's provider is asked: what is left of its budget, and until when it is left
    alone.

    `tokens` are the requests that may be sent at once, as of `filled_at`. `error` says why the
    last request failed, and `refused_at` is set while it is the credentials that are refused.
    The provider's lists were taken in up to `swept_until`; at `sweep_at` it is done again, by
    who holds the lease.
    """

    __tablename__ = "askings"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    tokens: Mapped[float] = mapped_column(Double)
    filled_at: Mapped[datetime]
    paused_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(Integer)
    error: Mapped[str | None]
    error_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    swept_until: Mapped[datetime]
    sweep_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[UUID | None]
    renewing_until: Mapped[datetime | None]


class WorkerRow(Row):
    """A worker that lives, or lived; `stopped_at` is set where it ended in good order."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class FeedReaderRow(Row):
    """How far one of our own readers has come in the feed of changes."""

    __tablename__ = "feed_readers"

    name: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)
