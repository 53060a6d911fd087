"""Tags of a fax, set and removed by a JSON merge patch (RFC 7396)."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields
from werkzeug.exceptions import UnsupportedMediaType

from faxhooks.domain.errors import InvalidBodyError
from faxhooks.services.presenting import FaxSchema
from faxhooks.services.tagging import MAX_VALUE, MOST_TAGS, fault_of_tag, retag
from faxhooks.web.api.answers import versioned
from faxhooks.web.api.bodies import MAX_BODY, take_json_alone
from faxhooks.web.api.queries import QueryParser
from faxhooks.web.auth import actor, guard, requires, visible_accounts
from faxhooks.web.parts import parts

_TYPES: Final = ("application/json", "application/merge-patch+json")

Blueprint.ARGUMENTS_PARSER = QueryParser()
blueprint = Blueprint("tags", __name__, description="What you note about a fax.")
guard(blueprint)


class TagChanges(fields.Field[dict[str, str | None]]):
    """Names with their new values; null removes."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, str | None]:
        if not isinstance(value, dict):
            raise ValidationError("This is an object of names and values.")
        found = {name[:100]: fault_of_tag(name, text) for name, text in value.items()}
        faults = {name: [fault] for name, fault in found.items() if fault}
        if faults:
            raise ValidationError(faults)
        return value


class TagPatch(Schema):
    """What to change about a fax: its tags alone, since all else is the provider's word."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "Only `tags` can be changed."}

    tags = TagChanges(
        required=True,
        metadata={
            "type": "object",
            "additionalProperties": {"type": ["string", "null"], "maxLength": MAX_VALUE},
            "description": "Tags to set, and with null those to remove; others stay. Names have "
            f"1 to 64 of a-z, 0-9, `_`, `.` and `-`, values 1 to {MAX_VALUE} characters and no "
            f"control characters; a fax has at most {MOST_TAGS}.",
        },
    )


@blueprint.before_request
def _take_patches_alone() -> None:
    """Refuse a body that is none of ours before anything is read from it."""
    if request.mimetype not in _TYPES:
        raise UnsupportedMediaType(f"Send the body as `Content-Type: {' or '.join(_TYPES)}`.")
    request.max_content_length = MAX_BODY
    if not request.get_data().lstrip().startswith(b"{"):
        raise InvalidBodyError("", "this is a JSON object with `tags`")
    take_json_alone()


@blueprint.patch("/faxes/<uuid:fax_id>")
@requires("send", "admin")
@blueprint.arguments(TagPatch, location="json", error_status_code=422)
@blueprint.response(200, FaxSchema)
def tag_fax(asked: dict[str, Any], fax_id: UUID) -> Response:
    """Set and remove tags of a fax; its history and `updated_at` do not change with them.

    With `If-Match` only if the fax is still of that version, else 412.
    """
    who, accounts, versions = actor(), visible_accounts(), _versions()
    return versioned(
        *parts().database.write(
            lambda session: retag(
                session, fax_id, asked["tags"], actor=who, accounts=accounts, versions=versions
            )
        )
    )


def _versions() -> Collection[str] | None:
    """The versions in `If-Match`; None where any will do."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return request.if_match.as_set()
