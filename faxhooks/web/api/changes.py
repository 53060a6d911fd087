"""The feed of all changes: by number, by long poll, or as server-sent events.

The numbers are those of `faxhooks/db/feed.py`: whoever has seen 1 to n has missed nothing up
to n. A key that is limited to one account sees that account's changes only, and so not every
number.
"""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import orjson
from flask import Response, jsonify, request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError, fields
from sqlalchemy.orm import Session

from faxhooks.db import feed
from faxhooks.domain.errors import InvalidInputError
from faxhooks.services.presenting import EntrySchema, entry_json
from faxhooks.services.watching import News, Pause
from faxhooks.web.api.queries import PageQuery, QueryParser
from faxhooks.web.auth import guard, requires, still_allowed, visible_accounts
from faxhooks.web.parts import parts, watch
from faxhooks.web.streams import Said, open_stream, stopping

MAX_WAIT: Final = 30
_HEARTBEAT_SECONDS: Final = 15.0
_BATCH: Final = 200

Blueprint.ARGUMENTS_PARSER = QueryParser()
blueprint = Blueprint("changes", __name__, description="What changed, in order, without a gap.")
guard(blueprint)


def _seconds(value: float) -> None:
    if not 0 <= value <= MAX_WAIT:
        raise ValidationError(f"Allowed are 0 to {MAX_WAIT} seconds.")


def _number(value: int) -> None:
    if not 0 <= value < 2**63:
        raise ValidationError("Allowed is the number of a change, or 0 to begin with the first.")


class ChangeSchema(EntrySchema):
    """An event of some fax; `seq` numbers all changes, `fax_seq` those of the fax."""

    seq = fields.Integer(metadata={"description": "The change's number, from 1 on."})
    fax_seq = fields.Integer(metadata={"description": "The number in the fax's own history."})
    fax_id = fields.UUID(metadata={"description": "The fax that changed."})
    provider_fax_id = fields.String(metadata={"description": "The provider's id of that fax."})
    account_id = fields.UUID(metadata={"description": "The account it belongs to."})
    provider = fields.String(metadata={"description": "The account's provider."})


class ChangesSchema(Schema):
    """Some changes, and where to go on."""

    data = fields.List(fields.Nested(ChangeSchema))
    next_after = fields.Integer(metadata={"description": "What to send as `after` next."})
    last = fields.Integer(metadata={"description": "The number of the last change of all."})


class ChangesQuery(PageQuery):
    """Where to go on, and how long to wait for something new."""

    class Meta:
        exclude = ("cursor",)

    after = fields.Integer(
        load_default=0,
        validate=_number,
        metadata={"description": "The last number you have; 0 is the beginning."},
    )
    wait = fields.Float(
        load_default=0,
        validate=_seconds,
        metadata={"description": f"Seconds to wait when nothing is new, 0 to {MAX_WAIT}."},
    )


class StreamQuery(PageQuery):
    """Where to go on; without it, with what comes next."""

    class Meta:
        exclude = ("cursor", "limit")

    after = fields.Integer(
        load_default=None,
        validate=_number,
        metadata={"description": "The last number you have, if not in `Last-Event-ID`."},
    )


@blueprint.get("/changes")
@requires("read")
@blueprint.arguments(ChangesQuery, location="query")
@blueprint.response(200, ChangesSchema)
def list_changes(query: dict[str, Any]) -> Response:
    """Changes behind a number, oldest first; waits for one where there is none yet."""
    accounts, after = visible_accounts(), query["after"]

    def ask(session: Session) -> tuple[list[feed.Change], int]:
        last = feed.last_number(session)
        found = feed.list_changes(session, after=after, limit=query["limit"], accounts=accounts)
        return list(found), last

    until = time.monotonic() + query["wait"]
    found, last = parts().database.read(ask)
    _check_known(after, last)
    while not found and time.monotonic() < until and not stopping()():
        watch().wait(last, until - time.monotonic(), stopping())
        found, last = parts().database.read(ask)
    following = found[-1].number if found else (last if accounts is not None else after)
    body = {"data": [change_json(change) for change in found], "next_after": following}
    return jsonify({**body, "last": last})


@blueprint.get("/stream")
@requires("read")
@blueprint.arguments(StreamQuery, location="query")
@blueprint.doc(
    parameters=[
        {
            "in": "header",
            "name": "Last-Event-ID",
            "schema": {"type": "string"},
            "description": "The id of the last event you have; browsers send it by themselves.",
        }
    ],
    responses={
        "200": {
            "description": "Events named `change`, whose data is a Change, until you hang up.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
def stream(query: dict[str, Any]) -> Response:
    """The same as server-sent events, from `Last-Event-ID` on; beats every 15 seconds."""
    after = _last_event_id() if query["after"] is None else query["after"]
    last = parts().database.read(feed.last_number)
    after = last if after is None else after
    _check_known(after, last)
    return open_stream(_events(after))


def change_json(change: feed.Change) -> dict[str, Any]:
    """A change as ChangeSchema describes it."""
    return {
        **entry_json(change.entry),
        "seq": change.number,
        "fax_seq": change.entry.seq,
        "fax_id": str(change.entry.fax_id),
        "provider_fax_id": change.provider_fax_id,
        "account_id": str(change.account_id),
        "provider": change.provider,
    }


def _events(after: int) -> Iterator[Said]:
    """What a stream says. All it needs of the request is taken before the first word."""
    database, look, ending = parts().database, watch(), stopping()
    accounts, allowed = visible_accounts(), still_allowed()

    def news(seen: int) -> News:
        def ask(session: Session) -> tuple[int, Sequence[feed.Change]]:
            last = feed.last_number(session)
            return last, feed.list_changes(session, after=seen, limit=_BATCH, accounts=accounts)

        last, found = database.read(ask)
        number = found[-1].number if found else max(seen, last)
        return number, b"".join(_event(change) for change in found)

    def say(seen: int) -> Iterator[Said]:
        beat_at = time.monotonic()
        yield b"retry: 2000\n\n"
        while not ending():
            seen, words = look.share((seen, accounts), partial(news, seen))
            if words:
                yield words
                continue
            if time.monotonic() - beat_at >= _HEARTBEAT_SECONDS:
                if not allowed():
                    return
                beat_at = time.monotonic()
                yield b": beat\n\n"
            yield Pause(_HEARTBEAT_SECONDS, look, seen)

    return say(after)


def _event(change: feed.Change) -> bytes:
    data = orjson.dumps(change_json(change))
    return b"id: %d\nevent: change\ndata: %b\n\n" % (change.number, data)


def _last_event_id() -> int | None:
    given = request.headers.get("Last-Event-ID", "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise InvalidInputError("Last-Event-ID", "send the id of the last event, unchanged")
    return int(given)


def _check_known(after: int, last: int) -> None:
    """A number we never gave comes of another database: a restored one, for example."""
    if after > last:
        raise InvalidInputError(
            "after", f"the last change is {last}; begin again after it, or after 0"
        )
