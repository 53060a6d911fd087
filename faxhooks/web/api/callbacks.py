"""The raw inbox: what providers sent, for keys that may see it, and reading it again."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from flask import Response, jsonify, request
from flask_smorest import Blueprint

from faxhooks.db.callbacklists import CallbackFilter, get_described, list_page
from faxhooks.db.callbacks import get_callback
from faxhooks.services.exhibiting import (
    CallbackPageSchema,
    RawCallbackSchema,
    ReplaySchema,
    callback_content,
    callback_summary,
    read_content,
    replay_json,
)
from faxhooks.services.replaying import Order
from faxhooks.web.api.answers import paged
from faxhooks.web.api.bodies import take_json_alone
from faxhooks.web.api.callbackqueries import CallbackQuery, ReplayBody, ReplayOneBody
from faxhooks.web.api.queries import NoQuery, QueryParser
from faxhooks.web.auth import actor, guard, may, requires, visible_accounts
from faxhooks.web.parts import cursors, parts

Blueprint.ARGUMENTS_PARSER = QueryParser()
blueprint = Blueprint("callbacks", __name__, description="The raw inbox.")
guard(blueprint)
blueprint.before_request(take_json_alone)

_HOW: Final = {"dry_run", "limit", "cursor"}


@blueprint.get("/callbacks")
@requires("read")
@blueprint.arguments(CallbackQuery, location="query")
@blueprint.response(200, CallbackPageSchema)
def list_callbacks(asked: dict[str, Any]) -> Response:
    """Callbacks without their content, newest first."""
    wanted = CallbackFilter(**asked["filters"], visible=visible_accounts())
    after = cursors().read(wanted, asked["cursor"]) if asked["cursor"] else None
    page, position = parts().database.read(
        lambda session: list_page(session, wanted, limit=asked["limit"], after=after)
    )
    following = cursors().make(wanted, position) if position else None
    return paged([callback_summary(row) for row in page], following)


@blueprint.get("/callbacks/<uuid:callback_id>")
@requires("read")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, RawCallbackSchema)
def show_callback(_: dict[str, Any], callback_id: UUID) -> Response:
    """One callback. Query, headers and body are there for keys with the scope `raw`, whose
    every reading is audited.
    """
    return jsonify(_read_content(callback_id) if may("raw") else _read_summary(callback_id))


@blueprint.post("/callbacks/<uuid:callback_id>/replay")
@requires("admin")
@blueprint.arguments(ReplayOneBody, location="json", required=False, error_status_code=422)
@blueprint.response(200, ReplaySchema)
def replay_callback(asked: dict[str, Any], callback_id: UUID) -> Response:
    """Read one callback again; repeating it changes nothing."""
    accounts, dry_run = visible_accounts(), asked["dry_run"]
    parts().database.read(lambda session: get_callback(session, callback_id, accounts=accounts))
    order = Order(actor=actor(), dry_run=dry_run)
    done = parts().replayer.replay_one(callback_id, order)
    return jsonify(replay_json(done, dry_run=dry_run))


@blueprint.post("/callbacks/replay")
@requires("admin")
@blueprint.arguments(ReplayBody, location="json", required=False, error_status_code=422)
@blueprint.response(200, ReplaySchema)
def replay_callbacks(asked: dict[str, Any]) -> Response:
    """Read the callbacks of a filter again, oldest first: a page, wholly or not at all."""
    wanted = CallbackFilter(**asked["filters"], visible=visible_accounts())
    place = ("replay", wanted)
    after = cursors().read(place, asked["cursor"]) if asked["cursor"] else None
    order = Order(actor=actor(), dry_run=asked["dry_run"], wanted=_given())
    done = parts().replayer.replay_page(wanted, order, after=after, limit=asked["limit"])
    following = cursors().make(place, done.position) if done.position else None
    return jsonify(replay_json(done, dry_run=order.dry_run, next_cursor=following))


@blueprint.after_request
def _keep_no_copy(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _read_summary(callback_id: UUID) -> dict[str, Any]:
    accounts = visible_accounts()
    return callback_summary(
        parts().database.read(
            lambda session: get_described(session, callback_id, content=False, accounts=accounts)
        )
    )


def _read_content(callback_id: UUID) -> dict[str, Any]:
    accounts, who = visible_accounts(), actor()
    return callback_content(
        parts().database.write(
            lambda session: read_content(session, callback_id, actor=who, accounts=accounts)
        )
    )


def _given() -> Mapping[str, Any]:
    """The filter in the client's words, for the audit."""
    body = request.get_json(silent=True) or {}
    return {name: value for name, value in body.items() if name not in _HOW}
