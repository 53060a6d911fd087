"""The tables of people: who may sign in, who is signed in, and how often it was tried."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from faxhooks.db.models import Row


class UserRow(Row):
    """A person; `password` is a slow hash with its salt and its parameters."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    role: Mapped[str]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class SessionRow(Row):
    """A sign-in, by the SHA-256 of the random token in its cookie: of a user or of an API key."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id"))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_sessions_created_at", "created_at"),)


class AttemptsRow(Row):
    """Failed sign-ins of one name or from one address since a moment; by a digest of which."""

    __tablename__ = "sign_in_attempts"

    subject: Mapped[bytes] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_sign_in_attempts_since", "since"),)
