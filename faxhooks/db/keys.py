"""API keys, by the digest of the key."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from faxhooks.db.models import KeyRow
from faxhooks.domain.errors import NotFoundError


def find_key(session: Session, key_hash: bytes) -> KeyRow | None:
    """The key of this digest, whether or not it may still be used."""
    return session.scalars(select(KeyRow).where(KeyRow.key_hash == key_hash)).one_or_none()


def list_keys(session: Session) -> Sequence[KeyRow]:
    """Every key, the revoked ones too, oldest first."""
    return session.scalars(select(KeyRow).order_by(KeyRow.created_at, KeyRow.id)).all()


def get_key(session: Session, key_id: UUID) -> KeyRow:
    """One key; raises NotFoundError."""
    row = session.get(KeyRow, key_id)
    if row is None:
        raise NotFoundError("there is no such key; see `faxhooks key list`")
    return row


def touch_key(session: Session, key_id: UUID, used_at: datetime) -> None:
    """Note that the key was used."""
    session.execute(update(KeyRow).where(KeyRow.id == key_id).values(last_used_at=used_at))
