"""Sending faxes: ordered, canceled, and sent again."""

import json
import re
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from flask import Response, jsonify, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from faxhooks.domain.errors import InvalidInputError
from faxhooks.providers.sending import Order
from faxhooks.services.ordering import Request
from faxhooks.services.presenting import FaxSchema
from faxhooks.services.repeating import Key
from faxhooks.services.resending import Resendings
from faxhooks.services.submitting import Submissions
from faxhooks.services.withdrawing import Withdrawals
from faxhooks.web.api.sendbodies import FORM_SCHEMA, SendBody, SendParser
from faxhooks.web.api.uploads import FORM, documents_of, take_bounded_bodies
from faxhooks.web.auth import actor, guard, requires, visible_accounts
from faxhooks.web.parts import parts

KEY: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[!-~]{1,255}")
_ORDERED: Final = (
    "quality",
    "ttl",
    "schedule_at",
    "retries",
    "retry_delay",
    "cover_page",
    "comment",
    "sender",
)


class SendBlueprint(Blueprint):  # type: ignore[misc]
    """Its bodies may be forms."""

    ARGUMENTS_PARSER = SendParser()


blueprint = SendBlueprint("sending", __name__, description="Faxes that are sent from here.")
guard(blueprint)
blueprint.before_request(take_bounded_bodies)


class ResendBody(Schema):
    """How it is sent again."""

    class Meta:
        unknown = RAISE

    force = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        metadata={"description": "Also one that arrived, or of which nobody knows whether it did."},
    )


_BATCH: Final = {
    "type": "object",
    "description": "Several faxes; they have the tag `batch` in common.",
    "required": ["batch", "data"],
    "properties": {
        "batch": {"type": "string", "format": "uuid"},
        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Fax"}},
    },
}
_ANSWER: Final = {"oneOf": [{"$ref": "#/components/schemas/Fax"}, _BATCH]}


@blueprint.post("/faxes")
@requires("send")
@blueprint.arguments(SendBody, location="json", error_status_code=422)
@blueprint.response(202, FaxSchema)
@blueprint.doc(
    requestBody={"content": {FORM: {"schema": FORM_SCHEMA}}},
    responses={
        "202": {
            "description": "The fax, or the batch of several, as it is queued.",
            "content": {"application/json": {"schema": _ANSWER}},
        },
        "411": {},  # A form may be sent in chunks, and is not taken then.
    },
    parameters=[
        {
            "in": "header",
            "name": KEY,
            "description": "Any text that no other request has: repeated with it, the request "
            "has one effect, and the answer of the first for a day.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        }
    ],
)
def send_fax(asked: dict[str, Any]) -> Response:
    """Send a fax to one recipient, or one to each of several; the worker does it at once.

    The answer is the fax as it is queued, or the batch of several.
    """
    order = Order(
        to="",
        documents=documents_of(asked["media_url"]),
        **{name: asked[name] for name in _ORDERED},
    )
    retry = asked["retry"] or {"times": None, "delays": None}
    wanted = Request(
        recipients=tuple(asked["to"]),
        order=order,
        tags=asked["tags"],
        times=retry["times"],
        delays=retry["delays"] and tuple(retry["delays"]),
        fail_over=asked["fail_over"],
    )
    answer = Submissions(parts()).submit(
        wanted,
        asked["account"],
        actor=actor(),
        visible=visible_accounts(),
        key=_key(asked, order),
    )
    query = f"?tag.batch={answer['batch']}" if "batch" in answer else f"/{answer['id']}"
    return _accepted(answer, query)


@blueprint.post("/faxes/<uuid:fax_id>/actions/cancel")
@requires("send")
@blueprint.response(200, FaxSchema)
def cancel_fax(fax_id: UUID) -> Response:
    """Cancel a fax: while it waits here, or while its provider still allows it; else 409."""
    shown = Withdrawals(parts()).cancel(fax_id, actor=actor(), visible=visible_accounts())
    return jsonify(shown)


@blueprint.post("/faxes/<uuid:fax_id>/actions/resend")
@requires("send")
@blueprint.arguments(ResendBody, location="json", required=False, error_status_code=422)
@blueprint.response(202, FaxSchema)
def resend_fax(asked: dict[str, Any], fax_id: UUID) -> Response:
    """Send a fax again that did not arrive, as a new fax with the tag `resend_of`."""
    shown = Resendings(parts()).resend(
        fax_id, force=asked["force"], actor=actor(), visible=visible_accounts()
    )
    return _accepted(shown, f"/{shown['id']}")


def _accepted(answer: dict[str, Any], where: str) -> Response:
    response = jsonify(answer)
    response.status_code = 202
    response.headers["Location"] = f"{parts().public_url}/api/v1/faxes{where}"
    return response


def _key(asked: dict[str, Any], order: Order) -> Key | None:
    """What the request calls itself, with the digest of all that it asks."""
    given = request.headers.get(KEY)
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        said = "this is 1 to 255 printable ASCII characters without spaces"
        raise InvalidInputError(KEY, said)
    files = [(each.name, sha256(each.content or b"").hexdigest()) for each in order.documents]
    said = json.dumps([asked, files], sort_keys=True, default=str)
    return Key(actor().partition(" ")[0], given, sha256(said.encode()).digest())
