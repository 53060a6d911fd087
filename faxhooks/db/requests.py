"""Digests of what providers sent, byte for byte: proof that shows nothing of the content."""

from collections.abc import Collection
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from faxhooks.db.models import CallbackRow


def list_body_digests(session: Session, callback_ids: Collection[UUID]) -> dict[UUID, str]:
    """The SHA-256 of each callback's body, of those that are still kept."""
    if not callback_ids:
        return {}
    statement = select(CallbackRow.id, CallbackRow.body).where(CallbackRow.id.in_(callback_ids))
    return {row.id: sha256(row.body).hexdigest() for row in session.execute(statement)}
