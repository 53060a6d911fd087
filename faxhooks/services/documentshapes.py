"""What is faxed, and whether its provider has come for it, as a fax that is shown alone tells."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from faxhooks.db import documents
from faxhooks.db.sends import find_send
from faxhooks.services.jsonfields import Moment, about
from faxhooks.services.shapes import moment_json


class FaxDocumentSchema(Schema):
    """One document of a fax, which it has in common with the others of its request."""

    name = fields.String(metadata=about("The file's name."))
    media_type = fields.String(metadata=about("What it is."))
    fetches = fields.Integer(
        allow_none=True,
        metadata=about(
            "How often it was fetched from here, over all faxes of its request and while its "
            "addresses last; null for one that lies elsewhere."
        ),
    )
    last_fetched_at = Moment(allow_none=True, metadata=about("When it was fetched last."))


def documents_json(session: Session, fax_id: UUID) -> list[dict[str, Any]]:
    """The documents in their order; of a fax that was not sent from here none."""
    row = find_send(session, fax_id)
    said = [] if row is None else row.content["documents"]
    fetched = documents.count_fetches(session, [UUID(each["id"]) for each in said if "id" in each])
    return [_document_json(each, fetched) for each in said]


def _document_json(said: dict[str, Any], fetched: documents.Fetches) -> dict[str, Any]:
    times, last = fetched.get(UUID(said["id"]), (0, None)) if "id" in said else (None, None)
    return {
        "name": said["name"],
        "media_type": said["media_type"],
        "fetches": times,
        "last_fetched_at": moment_json(last),
    }
