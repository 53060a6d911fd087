"""API keys: made, shown once, looked up by digest, revoked at once."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import keys
from faxhooks.db.models import KeyRow
from faxhooks.domain.errors import InvalidInputError
from faxhooks.services.auditing import SYSTEM, Action, note

SCOPES: Final = ("read", "raw", "send", "admin")
PREFIX: Final = "fhk_"
_USE_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key, or a user, allows: the scopes, and the one account it is limited to, if any."""

    holder_id: UUID
    label: str
    scopes: frozenset[str]
    account_id: UUID | None
    kind: str = "key"

    @property
    def accounts(self) -> frozenset[UUID] | None:
        """The accounts whose objects may be seen; None is all of them."""
        return None if self.account_id is None else frozenset({self.account_id})

    @property
    def actor(self) -> str:
        """Who asks, as the audit names it."""
        return f"{self.kind}:{self.holder_id} {self.label}"


def create_key(  # noqa: PLR0913 (whose it is, what it allows, two limits, and who asked)
    session: Session,
    label: str,
    scopes: Collection[str],
    *,
    account_id: UUID | None = None,
    expires_at: datetime | None = None,
    actor: str = SYSTEM,
) -> tuple[KeyRow, str]:
    """A new key; its text is not stored and cannot be shown again. `actor` made it."""
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise InvalidInputError("scope", f"a scope is one of {', '.join(SCOPES)}")
    key = PREFIX + secrets.token_urlsafe(32)
    row = KeyRow(
        id=uuid7(),
        label=label,
        key_hash=key_hash(key),
        scopes=frozenset(scopes),
        account_id=account_id,
        created_at=datetime.now(UTC),
        expires_at=expires_at,
        last_used_at=None,
        revoked_at=None,
    )
    session.add(row)
    session.flush()
    limits = {"account_id": _text(account_id), "expires_at": _text(expires_at)}
    granted = [scope for scope in SCOPES if scope in row.scopes]
    note(session, actor, Action.KEY_CREATED, f"key:{row.id}", label=label, scopes=granted, **limits)
    return row, key


def revoke_key(session: Session, key_id: UUID, *, actor: str = SYSTEM) -> KeyRow:
    """End a key from the next request on. Raises NotFoundError."""
    row = keys.get_key(session, key_id)
    if row.revoked_at is None:
        row.revoked_at = datetime.now(UTC)
        note(session, actor, Action.KEY_REVOKED, f"key:{row.id}", label=row.label)
    return row


def find_grant(session: Session, key: str, now: datetime) -> tuple[Grant | None, bool]:
    """What this key allows, None when it allows nothing, and whether to note its use."""
    row = keys.find_key(session, key_hash(key))
    grant = None if row is None else grant_of(row, now)
    if row is None or grant is None:
        return None, False
    stale = row.last_used_at is None or now - row.last_used_at > _USE_NOTED_EVERY
    return grant, stale


def grant_of(row: KeyRow, now: datetime) -> Grant | None:
    """What this key allows; None where it was revoked or has expired."""
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return Grant(row.id, row.label, row.scopes, row.account_id)


def key_hash(key: str) -> bytes:
    """A random key of 256 bits needs no slow hash: it cannot be guessed from its digest."""
    return sha256(key.encode("utf-8", "surrogateescape")).digest()


def _text(value: object) -> str | None:
    return None if value is None else str(value)
