"""Documents are lent to providers that fetch them: for a while, to who has the address."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import documents
from faxhooks.db.engine import Database
from faxhooks.domain.errors import NotFoundError
from faxhooks.services.accounts import token_hash
from faxhooks.services.shelving import Shelf

LENT: Final = timedelta(hours=24)
"""How long a link leads to its document; longer than any provider tries a fax (5 hours)."""

_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Lending:
    """A document as its link shows it, before any of its bytes."""

    id: UUID
    name: str
    media_type: str
    size: int


def lend(session: Session, document_id: UUID, now: datetime) -> str:
    """A new token for the document, which nobody can guess and only its hash is kept of."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    documents.add_link(session, token_hash(token), document_id, now + LENT)
    return token


def find_lent(database: Database, shelf: Shelf, token: str, now: datetime) -> Lending:
    """What a token leads to. Raises NotFoundError, also for one that has expired."""

    def ask(session: Session) -> Lending:
        row = documents.get_linked(session, token_hash(token), now)
        if not shelf.holds(session, [row.id]):
            raise NotFoundError("the document is not where this process looks for it")
        return Lending(row.id, row.name, row.media_type, row.size)

    return database.read(ask)


def fetch(database: Database, shelf: Shelf, lent: Lending, start: int, length: int) -> bytes:
    """So many bytes of it."""
    return database.read(lambda session: shelf.read_part(session, lent.id, start, length))


def count_fetch(database: Database, token: str, now: datetime) -> None:
    """Note that it was fetched."""
    database.write(lambda session: documents.count_fetch(session, token_hash(token), now))
