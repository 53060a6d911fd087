"""What is given with a fax that is to be sent: as JSON, or as a form with its files."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate
from werkzeug.datastructures import MultiDict

from faxhooks.domain.errors import InvalidBodyError
from faxhooks.providers.persisting import LONGEST_DELAY, MOST_TIMES
from faxhooks.providers.reading import moment
from faxhooks.providers.sending import FLAGS, CoverPage
from faxhooks.services.ordering import as_number
from faxhooks.services.submitting import MOST_RECIPIENTS
from faxhooks.services.tagging import MAX_VALUE, MOST_TAGS
from faxhooks.web.api.queries import Instant, QueryParser
from faxhooks.web.api.tags import TagChanges
from faxhooks.web.api.uploads import FORM

_LISTS: Final = ("to", "media_url")
_OBJECTS: Final = ("cover_page", "tags", "retry")
_NUMBERS: Final = ("ttl", "retries", "retry_delay")
_MOST_TEXT: Final = 1000
_ELSEWHERE: Final = timezone(timedelta(hours=1))


class SendParser(QueryParser):
    """Reads a form as the JSON that says the same."""

    def load_json(self, req: Any, schema: Schema) -> Any:
        """What the schema is given."""
        return _from_form(req.form) if req.mimetype == FORM else super().load_json(req, schema)


class Appointment(Instant):
    """A time that names its offset from UTC: a fax that left hours too soon stays sent."""

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> datetime:
        found = super()._deserialize(value, *rest, **more)
        # What is another moment when it is read elsewhere names no offset.
        if moment(str(value).strip().replace(" ", "+"), _ELSEWHERE) != found:
            raise ValidationError("Name its offset from UTC, as in 2026-01-13T21:54:46-08:00.")
        return found


class Several(fields.Field[list[str]]):
    """A text, or a list of them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[str]:
        found = value if isinstance(value, list) else [value]
        if not 0 < len(found) <= MOST_RECIPIENTS:
            raise ValidationError(f"Give 1 to {MOST_RECIPIENTS} of them.")
        faults = {str(n): _fault(each) for n, each in enumerate(found) if _fault(each)}
        if faults:
            raise ValidationError(faults if isinstance(value, list) else faults["0"])
        return found


def _several(description: str, **more: Any) -> dict[str, Any]:
    one = {"type": "string", "minLength": 1, "maxLength": _MOST_TEXT, "pattern": _PLAIN}
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_RECIPIENTS}
    return {"oneOf": [one, many], "description": description, **more}


_PLAIN: Final = r"^[!-~]([ -~]*[!-~])?$"
"""What texts look like to those who generate requests; we take more."""


def _fault(value: Any) -> list[str]:
    if isinstance(value, str) and 0 < len(value.strip()) <= _MOST_TEXT and value.isprintable():
        return []
    return [f"This is a text of 1 to {_MOST_TEXT} printable characters."]


def _text(description: str, most: int = 200) -> fields.String:
    printable = validate.Predicate("isprintable", error="This has no control characters.")
    return fields.String(
        load_default=None,
        validate=[validate.Length(1, most), printable],
        metadata={"description": description, "pattern": _PLAIN},
    )


def _whole(description: str, most: int, default: int | None = None) -> fields.Integer:
    return fields.Integer(
        strict=True,
        load_default=default,
        validate=validate.Range(0, most),
        metadata={"description": description},
    )


class CoverPageBody(Schema):
    """The page before the documents."""

    class Meta:
        unknown = RAISE

    name_to = _text("To whom.")
    name_from = _text("From whom.")
    subject = _text("What it is about.")
    message = fields.String(
        load_default=None,
        validate=validate.Length(1, _MOST_TEXT),
        metadata={"description": "What it says."},
    )
    flags = fields.List(
        fields.String(validate=validate.OneOf(FLAGS)),
        load_default=list,
        metadata={"description": "What is ticked on it."},
    )

    @post_load
    def _page(self, given: dict[str, Any], **_: Any) -> CoverPage:
        return CoverPage(**{**given, "flags": frozenset(given["flags"])})


class RetryBody(Schema):
    """How often a fax that did not get through is sent again, and when."""

    class Meta:
        unknown = RAISE

    times = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(0, MOST_TIMES),
        metadata={"description": "How often at most."},
    )
    delays = fields.List(
        fields.Integer(strict=True, validate=validate.Range(0, LONGEST_DELAY)),
        load_default=None,
        validate=validate.Length(1, MOST_TIMES),
        metadata={
            "description": "Minutes before each of them; the last goes for all that follow. "
            "The account's own where they are left out."
        },
    )


class SendBody(Schema):
    """A fax to be sent, to one recipient or to several."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "There is no such field."}

    to = Several(
        required=True, metadata=_several("The recipient, or several: one fax to each of them.")
    )
    sender = _text("The number that it comes from.")
    sender.data_key = "from"
    account = _text("The label or id of the account that sends; needed where several can.")
    media_url = Several(
        load_default=list,
        metadata=_several(
            "Where the provider fetches the document, or several of them; files are sent "
            "as a form instead."
        ),
    )
    quality = _text("As the provider calls it.", 40)
    ttl = _whole("For how many minutes the provider tries it.", 100_000)
    schedule_at = Appointment(
        load_default=None,
        metadata={
            "description": "When the provider is to send it, with the offset from UTC; "
            "a time that has passed means now."
        },
    )
    retries = _whole("How often the provider tries again.", 100, 0)
    retry_delay = _whole("How long it waits in between, by its own measure.", 100_000)
    retry = fields.Nested(
        RetryBody,
        load_default=None,
        metadata={
            "description": "Whether it is sent again from here when it did not get through, where "
            "the reason's advice says that this may help and nothing can have been printed. The "
            "account's own setting where it is left out."
        },
    )
    fail_over = _text(
        "The label or id of another account, with which it is tried at last where the reason "
        "allows that. The account's own setting where it is left out."
    )
    cover_page = fields.Nested(
        CoverPageBody, load_default=None, metadata={"description": "The page before the documents."}
    )
    comment = _text("A note that the provider keeps with it.", _MOST_TEXT)
    tags = TagChanges(
        load_default=dict,
        metadata={
            "type": "object",
            "additionalProperties": {"type": "string", "minLength": 1, "maxLength": MAX_VALUE},
            "propertyNames": {"pattern": "^[a-z0-9_.-]{1,64}$"},
            "description": f"Your own names and values, at most {MOST_TAGS - 2}.",
        },
    )

    @post_load
    def _plain(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        """With numbers as hooks read them, and no tag that would remove one."""
        if len(given["tags"]) > MOST_TAGS - 2 or None in given["tags"].values():
            raise ValidationError(
                {"tags": [f"Give at most {MOST_TAGS - 2} tags, with a value each."]}
            )
        given["to"] = [as_number(each) for each in given["to"]]
        given["sender"] = given["sender"] and as_number(given["sender"])
        return given


FORM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "The fields of the JSON body, `to` and `media_url` as often as there are "
    "values, `cover_page`, `tags` and `retry` as JSON texts; and the documents.",
    "required": ["to", "file"],
    "properties": {
        "to": {"type": "string"},
        "from": {"type": "string"},
        "account": {"type": "string"},
        "file": {"type": "string", "format": "binary"},
    },
}


def _from_form(form: MultiDict[str, str]) -> Mapping[str, Any]:
    said: dict[str, Any] = {}
    for name in form:
        values = form.getlist(name)
        if name in _LISTS:
            said[name] = values if len(values) > 1 else values[0]
        elif len(values) > 1:
            raise InvalidBodyError(f"/{name[:40]}", "give it once")
        elif name in _OBJECTS:
            said[name] = _object(name, values[0])
        else:
            whole = name in _NUMBERS and values[0].isascii() and values[0].isdigit()
            said[name] = int(values[0][:12]) if whole else values[0]
    return said


def _object(name: str, written: str) -> Any:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        raise InvalidBodyError(f"/{name}", "in a form this is a JSON text") from None
