"""The tables.

An account owns hook tokens; a callback is kept as it came; an event is one fact it stated;
a fax is the projection of its events and can be rebuilt from them. Rows that take every
callback carry no foreign key to the account: accounts are never deleted, and the lock on
the one account row would be shared by every request.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from faxhooks.db.types import Code, JsonText, UtcDateTime, Words


class Row(DeclarativeBase):
    """What all tables share: one naming of constraints, so that migrations find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, str: Text, UUID: Uuid, bytes: LargeBinary}


class AccountRow(Row):
    """A credentialed account at a provider. `secrets` is encrypted JSON of lists of values."""

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    provider: Mapped[str]
    label: Mapped[str] = mapped_column(unique=True)
    options: Mapped[dict[str, list[str]]] = mapped_column(JsonText)
    secrets: Mapped[bytes]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class HookTokenRow(Row):
    """The unguessable part of a hook URL: found by its SHA-256, shown again by decryption."""

    __tablename__ = "hook_tokens"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    token: Mapped[bytes]
    created_at: Mapped[datetime]


class KeyRow(Row):
    """An API key, by the SHA-256 of its 256 random bits."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    label: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[frozenset[str]] = mapped_column(Words)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class CallbackRow(Row):
    """A provider's request as it came, but for the token in its path.

    `digest` is that of the event it states, or of the raw request where none was
    understood; `seen` counts how often it came; `release` is the version that read it.
    """

    __tablename__ = "callbacks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    digest: Mapped[bytes]
    method: Mapped[str]
    path: Mapped[str]
    query: Mapped[str]
    headers: Mapped[dict[str, str]] = mapped_column(JsonText)
    body: Mapped[bytes]
    received_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    seen: Mapped[int] = mapped_column(Integer)
    evidence: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str | None]
    release: Mapped[str]

    __table_args__ = (
        UniqueConstraint("account_id", "digest"),
        Index("ix_callbacks_received_at_id", "received_at", "id"),
        Index(
            "ix_callbacks_unrecognized",
            "received_at",
            "id",
            postgresql_where=text("verdict = 'unrecognized'"),
            sqlite_where=text("verdict = 'unrecognized'"),
        ),
    )


def _listed(name: str, *columns: str) -> Index:
    """An index of faxes by which they are listed: those that another took over are not, and
    without them a list finds its page in the index alone.
    """
    listed = text("merged_into IS NULL")
    return Index(name, *columns, postgresql_where=listed, sqlite_where=listed)


class FaxRow(Row):
    """What became of one fax; every column but `tags` is a projection of its events.

    `expected_at` is when a fax is to be sent that was put off: its time begins only then.
    `merged_into` names the fax that took this one over when two turned out to be one.
    """

    __tablename__ = "faxes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    provider: Mapped[str]
    provider_fax_id: Mapped[str] = mapped_column(Code)
    direction: Mapped[str | None]
    sender: Mapped[str | None] = mapped_column(Code)
    sender_raw: Mapped[str | None]
    recipient: Mapped[str | None] = mapped_column(Code)
    recipient_raw: Mapped[str | None]
    status: Mapped[str]
    outcome: Mapped[str]
    provider_status: Mapped[str | None]
    reason: Mapped[str | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    evidence: Mapped[str]
    flags: Mapped[frozenset[str]] = mapped_column(Words)
    pages: Mapped[int | None] = mapped_column(BigInteger)
    duration: Mapped[int | None] = mapped_column(BigInteger)
    cost_amount: Mapped[str | None]
    cost_unit: Mapped[str | None]
    media_url: Mapped[str | None]
    remote_station_id: Mapped[str | None]
    tags: Mapped[dict[str, str]] = mapped_column(JsonText)
    events: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    seconds_to_final: Mapped[float | None] = mapped_column(Double)
    next_poll_at: Mapped[datetime | None]
    expected_at: Mapped[datetime | None]
    merged_into: Mapped[UUID | None]

    __table_args__ = (
        _listed("ix_faxes_created_at_id", "created_at", "id"),
        _listed("ix_faxes_account_id_created_at_id", "account_id", "created_at", "id"),
        _listed("ix_faxes_recipient_created_at_id", "recipient", "created_at", "id"),
        _listed("ix_faxes_sender_created_at_id", "sender", "created_at", "id"),
        Index(
            "ix_faxes_open",
            "created_at",
            "id",
            postgresql_where=text("outcome IN ('pending', 'unknown')"),
            sqlite_where=text("outcome IN ('pending', 'unknown')"),
        ),
        Index(
            "ix_faxes_failed",
            "created_at",
            "id",
            postgresql_where=text("outcome IN ('failure', 'canceled')"),
            sqlite_where=text("outcome IN ('failure', 'canceled')"),
        ),
        _listed("ix_faxes_updated_at_id", "updated_at", "id"),
        Index(
            "ix_faxes_flagged",
            "created_at",
            "id",
            postgresql_where=text("flags <> ''"),
            sqlite_where=text("flags <> ''"),
        ),
        Index(
            "ix_faxes_next_poll_at",
            "next_poll_at",
            postgresql_where=text("next_poll_at IS NOT NULL"),
            sqlite_where=text("next_poll_at IS NOT NULL"),
        ),
    )


class ReferenceRow(Row):
    """A provider's id for a fax: the way from a callback to its fax.

    Ids that identify are unique in the account; `shared` ones only help to find. The key to
    the fax is checked at commit, since the reference is claimed before its fax exists.
    """

    __tablename__ = "fax_references"

    reference: Mapped[str] = mapped_column(Code, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    fax_id: Mapped[UUID] = mapped_column(
        ForeignKey("faxes.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
        index=True,
    )
    shared: Mapped[bool] = mapped_column(Boolean, primary_key=True)

    __table_args__ = (
        Index(
            "uq_fax_references_identifying",
            "account_id",
            "reference",
            unique=True,
            postgresql_where=text("NOT shared"),
            sqlite_where=text("NOT shared"),
        ),
    )


class EventRow(Row):
    """One normalized fact about one fax, in order of arrival, never changed afterwards.

    `change` is its place in the feed over all faxes.

    `facts` holds the values the fold takes from it beside those that have a column.
    """

    __tablename__ = "fax_events"

    fax_id: Mapped[UUID] = mapped_column(ForeignKey("faxes.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[bytes]
    callback_id: Mapped[UUID | None]
    status: Mapped[str | None]
    verdict: Mapped[str]
    status_after: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    provider_status: Mapped[str | None]
    source: Mapped[str]
    evidence: Mapped[str]
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]] = mapped_column(JsonText)
    change: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("fax_id", "digest"),
        Index("uq_fax_events_change", "change", unique=True),
    )


class FeedRow(Row):
    """The number of the last change; its one row is locked by whoever adds to the feed.

    So a number is visible only after all before it are, and none is left out.
    """

    __tablename__ = "feed"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)


class TagRow(Row):
    """A tag of a fax, to find faxes by; what a fax shows is in its `tags`.

    `created_at` is the fax's own, so that the faxes of a frequent tag are found in the order
    in which they are listed.
    """

    __tablename__ = "fax_tags"

    fax_id: Mapped[UUID] = mapped_column(ForeignKey("faxes.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Code, primary_key=True)
    value: Mapped[str] = mapped_column(Code)
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_fax_tags_name_value", "name", "value", "created_at", "fax_id"),)


class AuditRow(Row):
    """Who did or saw what that an auditor will ask for; only ever added to."""

    __tablename__ = "audit"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JsonText)

    __table_args__ = (Index("ix_audit_at", "at", "id"),)
