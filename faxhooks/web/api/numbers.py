"""How faxing a number goes."""

import re
from typing import Any, Final

from flask import Response, jsonify
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from faxhooks.domain.errors import InvalidInputError
from faxhooks.services.advising import ask_experience
from faxhooks.services.jsonfields import Moment, ReasonField
from faxhooks.web.api.queries import NoQuery, QueryParser
from faxhooks.web.api.stats import OutcomesSchema
from faxhooks.web.auth import guard, requires, visible_accounts
from faxhooks.web.parts import parts

Blueprint.ARGUMENTS_PARSER = QueryParser()
blueprint = Blueprint("numbers", __name__, description="How faxing a number goes.")
guard(blueprint)

_E164: Final = r"^\+[1-9][0-9]{6,14}$"
_IN_THE_PATH: Final = {
    "name": "e164",
    "in": "path",
    "description": "The number in E.164; its plus sign may be `%2B`.",
    "schema": {"type": "string", "pattern": _E164},
}


class NumberSchema(Schema):
    """What became of the faxes to a number, and what to do about it."""

    number = fields.String()
    attempts = fields.Integer(metadata={"description": "Faxes that were sent to it."})
    by_outcome = fields.Nested(OutcomesSchema)
    success_rate = fields.Float(
        allow_none=True, metadata={"description": "success / (success + failure)"}
    )
    average_pages = fields.Float(
        allow_none=True, metadata={"description": "Of the faxes that arrived and tell it."}
    )
    main_reason = ReasonField(
        allow_none=True, metadata={"description": "Why most of those failed that failed."}
    )
    last_attempt_at = Moment(allow_none=True)
    last_success_at = Moment(allow_none=True)
    last_failure_at = Moment(allow_none=True)
    received = fields.Integer(metadata={"description": "Faxes that came from it."})
    last_received_at = Moment(allow_none=True)
    suggestion = fields.String(metadata={"description": "What to do about it, in words."})


@blueprint.get("/numbers/<string:e164>", parameters=[_IN_THE_PATH])
@requires("read")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, NumberSchema)
def show_number(_: dict[str, Any], e164: str) -> Response:
    """Attempts, success rate, main reason and a suggestion, over all that was ever sent."""
    number, accounts = _checked(e164), visible_accounts()
    found = parts().database.read(
        lambda session: ask_experience(session, number, accounts=accounts)
    )
    shown: dict[str, Any] = NumberSchema().dump(found)
    return jsonify({"number": number, **shown})


def _checked(given: str) -> str:
    if not re.fullmatch(_E164, given):
        raise InvalidInputError(
            "e164", "give the number in E.164, as in +13105550101; its plus sign may be %2B"
        )
    return given
