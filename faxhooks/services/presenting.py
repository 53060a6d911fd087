"""The public shapes of a fax and an event: one definition for API and commands.

The functions that make a fax's and an event's JSON are in `shapes`.
"""

from marshmallow import Schema, fields

from faxhooks.services.jsonfields import Moment, Part, ReasonField, SortedWords
from faxhooks.services.shapes import entry_json, fax_json

__all__ = [
    "EntrySchema",
    "FaxPageSchema",
    "FaxSchema",
    "HistorySchema",
    "entry_json",
    "fax_json",
]


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class AccountSchema(Schema):
    """Whose fax it is."""

    id = fields.UUID(attribute="row.account_id", metadata=_about("The account's id."))
    label = fields.String(
        attribute="account_label", metadata=_about("The name its owner gave the account.")
    )


class FaxErrorSchema(Schema):
    """The provider's own words about a failure."""

    code = fields.String(
        attribute="row.error_code", allow_none=True, metadata=_about("The provider's code.")
    )
    message = fields.String(
        attribute="row.error_message", allow_none=True, metadata=_about("The provider's text.")
    )


class CostSchema(Schema):
    """What the provider charged."""

    amount = fields.String(
        attribute="row.cost_amount", allow_none=True, metadata=_about("A decimal amount, as text.")
    )
    unit = fields.String(
        attribute="row.cost_unit",
        allow_none=True,
        metadata=_about("A currency (ISO 4217), or `pages`."),
    )


class EntrySchema(Schema):
    """One line of a fax's history: an event, and what it did when it arrived."""

    seq = fields.Integer(metadata=_about("The number in the fax's history, from 1 on."))
    status = fields.String(
        attribute="event.status",
        allow_none=True,
        metadata=_about("The status it states; null if it states none."),
    )
    verdict = fields.String(
        metadata=_about("What it did: `applied`, `repeated`, `stale` or `conflict`.")
    )
    reason = ReasonField(
        attribute="event.reason",
        allow_none=True,
        metadata=_about("Why, where the event says why it failed."),
    )
    detail = fields.String(
        attribute="event.detail",
        allow_none=True,
        metadata=_about("The provider's words that the reason is from."),
    )
    provider_status = fields.String(
        attribute="event.provider_status",
        allow_none=True,
        metadata=_about("The provider's own status word."),
    )
    source = fields.String(
        attribute="event.source",
        metadata=_about("Who said it: `callback`, `poll`, `send`, `timer` or `operator`."),
    )
    evidence = fields.String(
        attribute="event.evidence",
        metadata=_about("How we know: `unsigned`, `signed`, `confirmed` or `own`."),
    )
    occurred_at = Moment(
        attribute="event.occurred_at",
        allow_none=True,
        metadata=_about("The provider's own time, if it gave one."),
    )
    received_at = Moment(attribute="event.received_at", metadata=_about("When it arrived here."))
    callback_id = fields.UUID(
        allow_none=True, metadata=_about("The callback that it came in, if it was one.")
    )
    digest = fields.Function(
        lambda entry: entry.event.digest.hex(),
        metadata={
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "SHA-256 of what it states; the same facts have the same digest, "
            "however often they come.",
        },
    )
    status_after = fields.String(metadata=_about("Where the fax stood after it."))


class FaxSchema(Schema):
    """What became of one fax."""

    id = fields.UUID(attribute="row.id", metadata=_about("Our id for the fax."))
    provider = fields.String(attribute="row.provider", metadata=_about("Who carries the fax."))
    account = Part(AccountSchema, metadata=_about("The account it belongs to."))
    provider_fax_id = fields.String(
        attribute="row.provider_fax_id", metadata=_about("The id the provider shows to people.")
    )
    references = fields.List(
        fields.String(), metadata=_about("Every id of the provider's that leads to the fax.")
    )
    direction = fields.String(
        attribute="row.direction",
        allow_none=True,
        metadata=_about("`outbound` or `inbound`; null until known."),
    )
    sender = fields.String(
        attribute="row.sender",
        data_key="from",
        allow_none=True,
        metadata=_about("The sender: E.164 where it is such a number, else as it came."),
    )
    recipient = fields.String(
        attribute="row.recipient",
        data_key="to",
        allow_none=True,
        metadata=_about("The recipient: E.164 where it is such a number, else as it came."),
    )
    status = fields.String(attribute="row.status", metadata=_about("Where the fax stands."))
    outcome = fields.String(
        attribute="row.outcome",
        metadata=_about(
            "Whether it arrived: `pending`, `unknown`, `success`, `failure` or `canceled`."
        ),
    )
    provider_status = fields.String(
        attribute="row.provider_status",
        allow_none=True,
        metadata=_about("The provider's own word behind the status."),
    )
    reason = ReasonField(
        attribute="row.reason",
        allow_none=True,
        metadata=_about("Why it failed or was canceled, and what to do; null otherwise."),
    )
    error = Part(
        FaxErrorSchema,
        allow_none=True,
        metadata=_about("The provider's words about a failure, if any."),
    )
    evidence = fields.String(
        attribute="row.evidence",
        metadata=_about("How we know the status: `unsigned`, `signed`, `confirmed` or `own`."),
    )
    flags = SortedWords(
        attribute="row.flags",
        metadata=_about("What to look at: `conflict`, `provisional`, `retrying`."),
    )
    pages = fields.Integer(
        attribute="row.pages", allow_none=True, metadata=_about("Pages carried, if known.")
    )
    duration = fields.Integer(
        attribute="row.duration", allow_none=True, metadata=_about("Seconds on the line, if known.")
    )
    cost = Part(
        CostSchema, allow_none=True, metadata=_about("What the provider charged, if known.")
    )
    media_url = fields.String(
        attribute="row.media_url",
        allow_none=True,
        metadata=_about("Where the provider keeps the document."),
    )
    remote_station_id = fields.String(
        attribute="row.remote_station_id",
        allow_none=True,
        metadata=_about("What the other machine called itself."),
    )
    tags = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        attribute="row.tags",
        metadata=_about("Your own names and values, set with `PATCH`."),
    )
    events = fields.Integer(
        attribute="row.events", metadata=_about("How many distinct events are known of it.")
    )
    created_at = Moment(
        attribute="row.created_at", metadata=_about("When it was first heard of here.")
    )
    updated_at = Moment(
        attribute="row.updated_at", metadata=_about("When it was last heard of here.")
    )
    finished_at = Moment(
        attribute="row.finished_at",
        allow_none=True,
        metadata=_about("When it ended, by the provider's time where it has one; null while open."),
    )
    history = fields.List(
        fields.Nested(EntrySchema),
        metadata=_about("Its events in order of arrival; only with `include=history`."),
    )


class FaxPageSchema(Schema):
    """A page of faxes."""

    data = fields.List(fields.Nested(FaxSchema), metadata=_about("The faxes."))
    next_cursor = fields.String(
        allow_none=True, metadata=_about("`cursor` of the next page; null on the last.")
    )


class HistorySchema(Schema):
    """All events of a fax."""

    data = fields.List(fields.Nested(EntrySchema), metadata=_about("In order of arrival."))
    next_cursor = fields.String(
        allow_none=True, metadata=_about("Always null: a history is one page.")
    )
