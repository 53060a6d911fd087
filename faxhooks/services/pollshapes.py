"""A fax that is shown alone: what asking its provider came to, our tries at it, its documents."""

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from faxhooks.db.faxlists import Fax
from faxhooks.db.pollmodels import PollRow
from faxhooks.db.polls import find_poll
from faxhooks.services.documentshapes import FaxDocumentSchema, documents_json
from faxhooks.services.jsonfields import Moment, about
from faxhooks.services.presenting import FaxSchema
from faxhooks.services.shapes import fax_json, fax_version, moment_json
from faxhooks.services.tryshapes import TrySchema, tries_json


class PollSchema(Schema):
    """What asking the provider about a fax came to, and when it is asked again."""

    next_at = Moment(
        allow_none=True, metadata=about("When it is asked about next; null if it is not.")
    )
    last_at = Moment(allow_none=True, metadata=about("When the provider last gave an answer."))
    last_answer = fields.String(
        allow_none=True,
        metadata=about(
            "The provider's status word; `not known` where it knows no such fax, `unreadable` "
            "where its answer was not understood."
        ),
    )
    last_error = fields.String(
        allow_none=True,
        metadata=about("Why it could not be asked the last time; null if it could."),
    )
    tries = fields.Integer(metadata=about("How often it was asked about."))


class OneFaxSchema(FaxSchema):
    """A fax shown alone."""

    poll = fields.Nested(
        PollSchema,
        allow_none=True,
        metadata=about("How the provider is asked about it; null where it never was nor will be."),
    )
    tries = fields.List(
        fields.Nested(TrySchema),
        metadata=about("Each time that it was handed over; none of a fax not sent from here."),
    )
    documents = fields.List(
        fields.Nested(FaxDocumentSchema),
        metadata=about("What is faxed; none of a fax not sent from here."),
    )
    next_try_at = Moment(
        allow_none=True,
        metadata=about("When it is handed over again, while it waits for that; null otherwise."),
    )


def with_poll(session: Session, fax: Fax, shown: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A fax that is shown alone, with what asking came to and its documents; and its version.

    What comes behind the dot tells apart two states of those. What is in front of it tells
    those of the fax, and is all that whoever changes the fax has to have seen.
    """
    poll, version = poll_json(find_poll(session, fax.row.id)), fax_version(fax_json(fax))
    held = documents_json(session, fax.row.id)
    shown = {**shown, "poll": poll, **tries_json(session, fax.row.id), "documents": held}
    beside = {"poll": poll, "documents": held}
    return shown, f"{version}.{fax_version(beside)[:8]}" if poll or held else version


def poll_json(poll: PollRow | None) -> dict[str, Any] | None:
    """When a fax is asked about, and what was the answer; None where it never is."""
    if poll is None:
        return None
    return {
        "next_at": moment_json(poll.due_at),
        "last_at": moment_json(poll.asked_at),
        "last_answer": poll.answer,
        "last_error": poll.error,
        "tries": poll.tries,
    }
