"""Users, their sessions, and how often signing in failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from faxhooks.db.models_people import AttemptsRow, SessionRow, UserRow
from faxhooks.domain.errors import NotFoundError

_INSERTS: Final[dict[str, Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def list_users(session: Session) -> Sequence[UserRow]:
    """Every user, disabled ones too, in order of their names."""
    return session.scalars(select(UserRow).order_by(UserRow.name)).all()


def find_user(session: Session, name: str) -> UserRow | None:
    """The user of this name, in small letters."""
    return session.scalars(select(UserRow).where(UserRow.name == name)).one_or_none()


def get_user(session: Session, name: str) -> UserRow:
    """The same; raises NotFoundError."""
    row = find_user(session, name)
    if row is None:
        raise NotFoundError("there is no such user; see `faxhooks user list`")
    return row


def end_sessions_of(session: Session, user_id: UUID, ended_at: datetime) -> None:
    """End all that this user has open."""
    mine = SessionRow.user_id == user_id, SessionRow.ended_at.is_(None)
    session.execute(update(SessionRow).where(*mine).values(ended_at=ended_at))


def touch_session(session: Session, token_hash: bytes, seen_at: datetime) -> None:
    """Note that somebody is still there."""
    this = SessionRow.token_hash == token_hash
    session.execute(update(SessionRow).where(this).values(last_seen_at=seen_at))


def forget_sessions(session: Session, created_before: datetime) -> None:
    """Delete those that began before this time, and have long ended."""
    session.execute(delete(SessionRow).where(SessionRow.created_at < created_before))


def count_attempts(session: Session, subject: bytes, after: datetime) -> int:
    """How many there were in the window that began after this time."""
    this = select(AttemptsRow.attempts).where(AttemptsRow.subject == subject)
    return session.scalar(this.where(AttemptsRow.since > after)) or 0


def add_attempt(session: Session, subject: bytes, now: datetime, window: timedelta) -> int:
    """Count one more attempt, in one statement, so that none of many at once is lost.

    Returns how many there are now; they are counted from one again when the window is over.
    """
    insert = _INSERTS[session.get_bind().dialect.name](AttemptsRow)
    over = AttemptsRow.since <= now - window
    statement = (
        insert.values(subject=subject, since=now, attempts=1)
        .on_conflict_do_update(
            index_elements=[AttemptsRow.subject],
            set_={
                "since": case((over, insert.excluded.since), else_=AttemptsRow.since),
                "attempts": case((over, 1), else_=AttemptsRow.attempts + 1),
            },
        )
        .returning(AttemptsRow.attempts)
    )
    return int(session.execute(statement).scalar_one())


def take_back_attempt(session: Session, subject: bytes) -> None:
    """One of those that were counted did not fail."""
    session.execute(
        update(AttemptsRow)
        .where(AttemptsRow.subject == subject, AttemptsRow.attempts > 0)
        .values(attempts=AttemptsRow.attempts - 1)
    )


def forget_attempts(session: Session, before: datetime) -> None:
    """Delete counts whose window is over."""
    session.execute(delete(AttemptsRow).where(AttemptsRow.since < before))
