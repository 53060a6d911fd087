"""Documents that are to be faxed, and the links by which providers fetch them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, undefer

from faxhooks.db.models import FaxRow
from faxhooks.db.sendmodels import DocumentLinkRow, DocumentRow, RepeatRow, SendRow
from faxhooks.domain.errors import NotFoundError
from faxhooks.domain.fax import Outcome

Fetches = Mapping[UUID, tuple[int, datetime | None]]
"""Of documents by their ids: how often they were fetched, and when last."""


def add_documents(session: Session, rows: Sequence[DocumentRow]) -> None:
    """Keep them."""
    session.add_all(rows)
    session.flush()


def list_documents(session: Session, ids: Collection[UUID]) -> Mapping[UUID, DocumentRow]:
    """These documents with what is in them, as far as they are still kept."""
    rows = session.scalars(
        select(DocumentRow).where(DocumentRow.id.in_(ids)).options(undefer(DocumentRow.content))
    )
    return {row.id: row for row in rows}


def list_places(session: Session, ids: Collection[UUID]) -> Mapping[UUID, bool]:
    """Those of them that are still kept, and whether what is in them is here as well."""
    here = func.length(DocumentRow.content) == DocumentRow.size
    found = session.execute(select(DocumentRow.id, here).where(DocumentRow.id.in_(ids)))
    return {document_id: bool(inside) for document_id, inside in found}


def add_link(session: Session, token_hash: bytes, document_id: UUID, expires_at: datetime) -> None:
    """Let the document be fetched by who has the token."""
    session.add(
        DocumentLinkRow(
            token_hash=token_hash,
            document_id=document_id,
            expires_at=expires_at,
            fetches=0,
            last_fetched_at=None,
        )
    )
    session.flush()


def get_linked(session: Session, token_hash: bytes, now: datetime) -> DocumentRow:
    """The document of a link, without its content. Raises NotFoundError, also once expired."""
    row = session.scalars(
        select(DocumentRow)
        .join(DocumentLinkRow, DocumentLinkRow.document_id == DocumentRow.id)
        .where(DocumentLinkRow.token_hash == token_hash, DocumentLinkRow.expires_at > now)
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such document, or its link has expired")
    return row


def read_part(session: Session, document_id: UUID, start: int, length: int) -> bytes:
    """So many bytes of a document; fewer at its end."""
    part = func.substr(DocumentRow.content, start + 1, length)
    found = session.scalar(select(part).where(DocumentRow.id == document_id))
    return bytes(found or b"")


def count_fetch(session: Session, token_hash: bytes, now: datetime) -> None:
    """Note that it was fetched."""
    link = update(DocumentLinkRow).where(DocumentLinkRow.token_hash == token_hash)
    session.execute(link.values(fetches=DocumentLinkRow.fetches + 1, last_fetched_at=now))


def count_fetches(session: Session, ids: Collection[UUID]) -> Fetches:
    """How often each of these was fetched, by all of its links, and when last."""
    link = DocumentLinkRow
    counted = select(link.document_id, func.sum(link.fetches), func.max(link.last_fetched_at))
    found = session.execute(counted.where(link.document_id.in_(ids)).group_by(link.document_id))
    return {document_id: (int(times), last) for document_id, times, last in found}


def delete_done(session: Session, before: datetime) -> int:
    """Remove the documents whose faxes have all ended and were last heard of before then."""
    awaited = SendRow.due_at.is_not(None)  # To be sent, in doubt, or perhaps to be sent again.
    under_way = (FaxRow.outcome == Outcome.PENDING) | (FaxRow.updated_at >= before) | awaited
    needed = (
        select(SendRow.submission_id)
        .join(FaxRow, FaxRow.id == SendRow.fax_id)
        .where(SendRow.submission_id == DocumentRow.submission_id, under_way)
        .exists()
    )
    old = delete(DocumentRow).where(DocumentRow.created_at < before, ~needed)
    return _count(session.execute(old.execution_options(synchronize_session=False)))


def delete_expired(session: Session, now: datetime, keys_before: datetime) -> int:
    """Forget links that lead nowhere any more, and keys that are too old to be repeated."""
    links = _count(
        session.execute(delete(DocumentLinkRow).where(DocumentLinkRow.expires_at <= now))
    )
    return links + _count(
        session.execute(delete(RepeatRow).where(RepeatRow.created_at < keys_before))
    )


def _count(result: Any) -> int:
    return int(result.rowcount)
