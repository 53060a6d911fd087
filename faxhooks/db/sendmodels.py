"""The tables of sending: what is to be sent, its documents, and who was promised what.

A send is committed with its fax before any provider hears of it. Like those of asking, these
rows carry no foreign key to a fax: its check would lock the rows that callbacks lock.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, deferred, mapped_column

from faxhooks.db.models import Row
from faxhooks.db.types import Code, JsonText


class SendRow(Row):
    """A fax that goes out through here, and how far it has come on the way to its provider.

    `state` is one of `SendState`. `due_at` is when somebody takes it up next: to send it while
    it waits, to look for it in the provider's list while it is being submitted. While somebody
    has it, `due_at` is when others may take it for given up, and `claim` is that one's own. Once
    it was handed over, a `due_at` says that it is followed: that it may begin anew.
    `error` is what came of that last; None also while nobody knows. `submitted_at` is when it was
    last handed to the provider. The faxes of one request share
    `submission_id`, by which their documents are found.
    """

    __tablename__ = "sends"

    fax_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    submission_id: Mapped[UUID] = mapped_column(index=True)
    own_id: Mapped[str] = mapped_column(Code)
    recipient: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(JsonText)
    state: Mapped[str]
    due_at: Mapped[datetime | None]
    claim: Mapped[UUID | None]
    tries: Mapped[int] = mapped_column(Integer)
    error: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        Index(
            "ix_sends_account_id_due_at",
            "account_id",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )


class SendPaceRow(Row):
    """When an account's provider may be given the next fax; locked by who gives it one."""

    __tablename__ = "send_paces"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    next_at: Mapped[datetime]


class DocumentRow(Row):
    """A file to be faxed, kept until its faxes have ended; `content` is empty where it lies in
    a folder instead.
    """

    __tablename__ = "documents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    submission_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = deferred(mapped_column(nullable=False))
    created_at: Mapped[datetime]


class DocumentLinkRow(Row):
    """An address at which a provider fetches a document for a while, by its token's SHA-256."""

    __tablename__ = "document_links"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime]
    fetches: Mapped[int] = mapped_column(Integer)
    last_fetched_at: Mapped[datetime | None]


class RepeatRow(Row):
    """An `Idempotency-Key` of one holder, and what its first request came to.

    `answer` is None while that request is in flight, which nobody believes after
    `claimed_until`.
    """

    __tablename__ = "idempotency_keys"

    holder: Mapped[str] = mapped_column(Code, primary_key=True)
    key: Mapped[str] = mapped_column(Code, primary_key=True)
    digest: Mapped[bytes]
    claim: Mapped[UUID]
    claimed_until: Mapped[datetime]
    answer: Mapped[Any] = mapped_column(JsonText, nullable=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
