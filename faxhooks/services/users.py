"""Users of the dashboard: added, given a password, turned off."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import people
from faxhooks.db.models_people import UserRow
from faxhooks.domain.errors import InvalidInputError
from faxhooks.services.auditing import SYSTEM, Action, note
from faxhooks.services.keys import SCOPES
from faxhooks.services.passwords import check_password, hash_password

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "viewer": frozenset({"read"}),
    "admin": frozenset(SCOPES),
}
"""What each role may do, in the words that an API key's scopes have."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def add_user(
    session: Session, name: str, *, role: str, password: str, actor: str = SYSTEM
) -> UserRow:
    """A new user. Raises InvalidInputError for a name that is taken, or a weak password."""
    name = as_name(name)
    if not _NAME.fullmatch(name):
        said = "a name has 1 to 64 letters, digits, `.`, `_`, `@` and `-`, as in ada.lovelace"
        raise InvalidInputError("name", said)
    if role not in ROLES:
        raise InvalidInputError("role", f"a role is one of {', '.join(ROLES)}")
    if people.find_user(session, name) is not None:
        raise InvalidInputError("name", "there is a user of this name already; pick another")
    check_password(password)
    row = UserRow(
        id=uuid7(),
        name=name,
        password=hash_password(password),
        role=role,
        created_at=datetime.now(UTC),
        disabled_at=None,
    )
    session.add(row)
    session.flush()
    note(session, actor, Action.USER_ADDED, f"user:{row.id}", name=name, role=role)
    return row


def set_password(session: Session, name: str, password: str, *, actor: str = SYSTEM) -> UserRow:
    """Replace a user's password and end what was signed in with the old one; NotFoundError."""
    row = people.get_user(session, as_name(name))
    check_password(password)
    row.password = hash_password(password)
    people.end_sessions_of(session, row.id, datetime.now(UTC))
    note(session, actor, Action.USER_PASSWORD_SET, f"user:{row.id}", name=row.name)
    return row


def disable_user(session: Session, name: str, *, actor: str = SYSTEM) -> UserRow:
    """Let a user in no longer, from the next request on. Raises NotFoundError."""
    row = people.get_user(session, as_name(name))
    if row.disabled_at is None:
        row.disabled_at = datetime.now(UTC)
        people.end_sessions_of(session, row.id, row.disabled_at)
        note(session, actor, Action.USER_DISABLED, f"user:{row.id}", name=row.name)
    return row


def enable_user(session: Session, name: str, *, actor: str = SYSTEM) -> UserRow:
    """Let a disabled user sign in again. Raises NotFoundError."""
    row = people.get_user(session, as_name(name))
    if row.disabled_at is not None:
        row.disabled_at = None
        note(session, actor, Action.USER_ENABLED, f"user:{row.id}", name=row.name)
    return row


def as_name(text: str) -> str:
    """A name as it is kept: nobody remembers which letters were capitals."""
    return text.strip().lower()
