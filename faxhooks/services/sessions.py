"""Sign-ins of people: begun with a password or an API key, ended by time or on purpose."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import people
from faxhooks.db.engine import Database
from faxhooks.db.models import KeyRow
from faxhooks.db.models_people import SessionRow, UserRow
from faxhooks.domain.errors import RefusedError
from faxhooks.services.auditing import SYSTEM, Action, note
from faxhooks.services.keys import Grant, find_grant, grant_of
from faxhooks.services.passwords import LONGEST, NOBODY, is_password
from faxhooks.services.users import ROLES, as_name

IDLE: Final = timedelta(minutes=30)
LONGEST_SESSION: Final = timedelta(hours=12)
WINDOW: Final = timedelta(minutes=15)
MOST_OF_A_NAME: Final = 10
MOST_OF_AN_ADDRESS: Final = 50
"""Sign-ins that may fail within the window; of an address more, since offices share one."""

_SEEN_NOTED_EVERY: Final = timedelta(minutes=1)
_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Visit:
    """Whose session it is, and whether to note that somebody is still there."""

    grant: Grant
    stale: bool


def sign_in_user(database: Database, name: str, password: str, *, address: str) -> str:
    """A new session's token. Raises RefusedError; how long that takes does not tell why."""
    name, now = as_name(name[:LONGEST]), datetime.now(UTC)
    most = {
        _subject("address", address): MOST_OF_AN_ADDRESS,
        _subject("name", name): MOST_OF_A_NAME,
    }
    _take_turn(database, most, now)
    user = database.read(lambda session: people.find_user(session, name))
    right = is_password(password, user.password if user else NOBODY)
    if user is None or not right:
        why = "unknown name" if user is None else "wrong password"
        database.write(lambda session: _note_refusal(session, why, user))
        raise RefusedError("name and password do not match; check both and try again")
    if user.disabled_at is not None:
        database.write(lambda session: _note_refusal(session, "disabled", user))
        raise RefusedError("this user is disabled; ask whoever runs faxhooks")
    grant = _grant_of_user(user)
    return database.write(lambda session: _begin(session, grant, most, now))


def sign_in_key(database: Database, key: str, *, address: str) -> str:
    """The same with an API key: the session may do what the key may, for as long as it may."""
    now, most = datetime.now(UTC), {_subject("address", address): MOST_OF_AN_ADDRESS}
    _take_turn(database, most, now)
    grant, _ = database.read(lambda session: find_grant(session, key.strip(), now))
    if grant is None:
        database.write(lambda session: _note_refusal(session, "unknown key", None))
        raise RefusedError(
            "the API key is unknown, expired or revoked; make one with `faxhooks key create`"
        )
    return database.write(lambda session: _begin(session, grant, most, now))


def find_visit(session: Session, token: str, now: datetime) -> Visit | None:
    """The session of this token, None where it has ended, or its user or key has."""
    row = session.get(SessionRow, token_hash(token))
    if row is None or row.ended_at is not None:
        return None
    if now - row.last_seen_at > IDLE or now - row.created_at > LONGEST_SESSION:
        return None
    grant = _grant(session, row, now)
    return None if grant is None else Visit(grant, now - row.last_seen_at > _SEEN_NOTED_EVERY)


def end_session(session: Session, token: str, *, actor: str) -> None:
    """Sign out; harmless where that was done already."""
    row = session.get(SessionRow, token_hash(token))
    if row is not None and row.ended_at is None:
        row.ended_at = datetime.now(UTC)
        note(session, actor, Action.SESSION_ENDED, actor.partition(" ")[0])


def token_hash(token: str) -> bytes:
    """A random token needs no slow hash: it cannot be guessed from its digest."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _grant(session: Session, row: SessionRow, now: datetime) -> Grant | None:
    if row.user_id is not None:
        user = session.get_one(UserRow, row.user_id)
        return _grant_of_user(user) if user.disabled_at is None else None
    return grant_of(session.get_one(KeyRow, row.key_id), now)


def _grant_of_user(user: UserRow) -> Grant:
    return Grant(user.id, user.name, ROLES[user.role], None, kind="user")


def _take_turn(database: Database, most: Mapping[bytes, int], now: datetime) -> None:
    """Count the attempt before it is known to fail, lest many at once slip through together.

    Who is over the limit is refused by reading alone, so that no crowd keeps the writers busy.
    """

    def look(session: Session) -> bool:
        since = now - WINDOW
        return any(people.count_attempts(session, each, since) >= most[each] for each in most)

    def count(session: Session) -> bool:
        people.forget_attempts(session, now - WINDOW)
        counts = [(people.add_attempt(session, each, now, WINDOW), most[each]) for each in most]
        return any(attempts > allowed for attempts, allowed in counts)

    if database.read(look) or database.write(count):
        seconds = int(WINDOW.total_seconds())
        raise RefusedError(
            f"signing in failed too often; wait {seconds // 60} minutes, then try again", seconds
        )


def _begin(session: Session, grant: Grant, counted: Iterable[bytes], now: datetime) -> str:
    for subject in counted:
        people.take_back_attempt(session, subject)
    people.forget_sessions(session, now - _KEPT)
    token = secrets.token_urlsafe(32)
    holder: dict[str, UUID] = {f"{grant.kind}_id": grant.holder_id}
    session.add(
        SessionRow(
            token_hash=token_hash(token),
            **{"user_id": None, "key_id": None, **holder},
            created_at=now,
            last_seen_at=now,
            ended_at=None,
        )
    )
    note(session, grant.actor, Action.SESSION_STARTED, f"{grant.kind}:{grant.holder_id}")
    return token


def _note_refusal(session: Session, why: str, user: UserRow | None) -> None:
    """The name that was typed is not written down: now and then it is a password."""
    subject = "sign-in" if user is None else f"user:{user.id}"
    note(session, SYSTEM, Action.SESSION_REFUSED, subject, why=why)


def _subject(kind: str, value: str) -> bytes:
    return sha256(f"{kind}\0{value}".encode("utf-8", "surrogateescape")).digest()
