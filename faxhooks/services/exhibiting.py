"""The public shapes of the inbox and of a replay: one definition for API and commands."""

import base64
import unicodedata
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from faxhooks.db.callbacklists import get_described
from faxhooks.services.auditing import Action, note
from faxhooks.services.jsonfields import Moment, Part
from faxhooks.services.settling import Replay, Replayed

_SEPARATORS: Final = {"Zl", "Zp"}


def legible(body: bytes) -> str:
    """A body as text that no screen obeys: what moves the cursor, turns the direction of
    writing or is no character at all is replaced; bytes that are not UTF-8 are spelled out.
    """
    text = body.decode("utf-8", "backslashreplace")
    return "".join(char if _is_plain(char) else "\ufffd" for char in text)


def _is_plain(char: str) -> bool:
    if char.isascii():
        return char.isprintable() or char in "\n\t"
    category = unicodedata.category(char)
    return category[0] != "C" and category not in _SEPARATORS


class OwnerSchema(Schema):
    """Whose callback it is."""

    id = fields.UUID(attribute="account_id")
    label = fields.String(attribute="account_label")


class CallbackSchema(Schema):
    """A provider's request, without its content."""

    id = fields.UUID()
    provider = fields.String()
    account = Part(OwnerSchema)
    method = fields.String()
    path = fields.String(metadata={"description": "The path; `{token}` stands for the secret."})
    received_at = Moment()
    last_seen_at = Moment()
    seen = fields.Integer(metadata={"description": "How often the provider sent it."})
    evidence = fields.String()
    verdict = fields.String(metadata={"description": "What it did when it arrived."})
    reason = fields.String(
        allow_none=True, metadata={"description": "Why it was not understood, if it was not."}
    )
    release = fields.String(metadata={"description": "The release of faxhooks that read it."})
    digest = fields.Function(lambda row: row.digest.hex())


class RawCallbackSchema(CallbackSchema):
    """The same with its content; only a key with the scope `raw` is shown that."""

    query = fields.String()
    headers = fields.Dict(keys=fields.String(), values=fields.String())
    body = fields.Function(
        lambda row: base64.b64encode(row.body).decode(),
        metadata={"type": "string", "description": "The exact bytes, in base64."},
    )
    body_text = fields.Function(
        lambda row: legible(row.body),
        metadata={"type": "string", "description": "A copy to look at, cleaned of controls."},
    )


class CallbackPageSchema(Schema):
    """A page of the inbox, newest first."""

    data = fields.Nested(CallbackSchema, many=True)
    next_cursor = fields.String(allow_none=True)


class ReplayedSchema(Schema):
    """What reading one callback again came to."""

    callback_id = fields.UUID()
    before = fields.String(metadata={"description": "Its verdict until now."})
    verdict = fields.String(
        metadata={"description": "What it did now; `repeated` when all of it was known."}
    )
    reason = fields.String(
        allow_none=True, metadata={"description": "Why it is not understood, if it is not."}
    )
    fax_ids = fields.List(fields.UUID())


class StatusChangeSchema(Schema):
    """A status before and after; null before for a fax that was not known."""

    before = fields.String(attribute="status_before", allow_none=True)
    after = fields.String(attribute="status_after")


class FaxChangeSchema(Schema):
    """A fax that a replay changes, and how."""

    id = fields.UUID(attribute="fax_id")
    status = Part(StatusChangeSchema)
    changes = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True)),
        metadata={"description": "Each field that differs, with its value `before` and `after`."},
    )


class ReplayCountsSchema(Schema):
    """A replay in numbers."""

    callbacks = fields.Integer()
    read = fields.Integer(metadata={"description": "Callbacks that are understood."})
    unread = fields.Integer(metadata={"description": "Callbacks that still are not."})
    faxes_changed = fields.Integer()


class ReplaySchema(Schema):
    """What a replay did, or would do."""

    dry_run = fields.Boolean()
    counts = fields.Nested(ReplayCountsSchema)
    data = fields.Nested(ReplayedSchema, many=True)
    faxes = fields.Nested(FaxChangeSchema, many=True)
    next_cursor = fields.String(allow_none=True)


def read_content(
    session: Session,
    callback_id: UUID,
    *,
    actor: str,
    accounts: Collection[UUID] | None = None,
) -> Any:
    """A callback with its content, which `actor` sees once the audit of it is committed.

    Raises NotFoundError, also where it is none of these accounts'.
    """
    row = get_described(session, callback_id, content=True, accounts=accounts)
    note(session, actor, Action.CALLBACK_READ, f"callback:{callback_id}")
    return row


def callback_summary(row: Any) -> dict[str, Any]:
    """A callback without its content; `row` has its account's label and provider beside it."""
    return _dumped(_SUMMARY, row)


def callback_content(row: Any) -> dict[str, Any]:
    """The same with its content, for eyes that may see it."""
    return _dumped(_CONTENT, row)


def replayed_json(replayed: Replayed) -> dict[str, Any]:
    """What became of one callback."""
    return _dumped(_REPLAYED, replayed)


def replay_json(replay: Replay, *, dry_run: bool, next_cursor: str | None = None) -> dict[str, Any]:
    """A whole replay, or a page of one."""
    unread = sum(each.reason is not None for each in replay.callbacks)
    total, changed = len(replay.callbacks), len(replay.faxes)
    counts = {"callbacks": total, "read": total - unread, "unread": unread}
    said = {
        "dry_run": dry_run,
        "counts": {**counts, "faxes_changed": changed},
        "data": replay.callbacks,
        "faxes": replay.faxes,
        "next_cursor": next_cursor,
    }
    return _dumped(_REPLAY, said)


def _dumped(schema: Schema, value: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = schema.dump(value)
    return dumped


_SUMMARY: Final = CallbackSchema()
_CONTENT: Final = RawCallbackSchema()
_REPLAYED: Final = ReplayedSchema()
_REPLAY: Final = ReplaySchema()
