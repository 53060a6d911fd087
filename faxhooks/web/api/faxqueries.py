"""What may be asked of faxes: which ones, in which order, and what of them."""

import re
from dataclasses import fields as fields_of
from typing import Any, Final

from marshmallow import ValidationError, fields, post_load

from faxhooks.db.faxlists import FaxFilter, Sort
from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Direction, FaxStatus, Flag, Outcome
from faxhooks.domain.reasons import REASONS
from faxhooks.providers.reading import number
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.presenting import FaxSchema
from faxhooks.services.shapes import Shape
from faxhooks.services.tagging import TAG_NAME
from faxhooks.web.api.queries import Instant, PageQuery, Words

_TAG: Final = "tag."
_ANY_TAG: Final = "tag.<name>"
_FILTERS: Final = [field.name for field in fields_of(FaxFilter) if field.name != "visible"]
_FIELDS: Final = [
    field.data_key or name for name, field in FaxSchema().fields.items() if name != "history"
]
_LOST_PLUS: Final = re.compile(r"^ (?=[1-9])")


class Numbers(Words):
    """Numbers as the hooks read them: `+1 (310) 555-0101` is the same as `+13105550101`."""

    def _word(self, text: str) -> str:
        # A plus sign that was not percent-encoded has become a blank.
        word = super()._word(_LOST_PLUS.sub("+", text))
        try:
            found = number({"number": word}, "number")
        except UnreadableError:
            raise ValidationError("A value is too long, or holds a NUL character.") from None
        return word if found is None else found.value


class FieldNames(Words):
    """Names of a fax's fields; those that do not exist are named, so that they are found."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return list(dict.fromkeys(super()._deserialize(value, *args, **kwargs)))

    def _refusal(self, unknown: list[str]) -> str:
        named = [word for word in unknown if TAG_NAME.fullmatch(word)]
        said = f"No such field: {', '.join(named)}. " if named else ""
        return said + super()._refusal(unknown)


class TagValues(Words):
    """Values as they were set, blanks and all."""

    def _word(self, text: str) -> str:
        return text.replace("\\,", ",")


class Tags(fields.Field[dict[str, list[str]]]):
    """The wanted values of each tag, from any parameters `tag.<name>`."""

    def _deserialize(self, value: dict[str, str], *_: Any, **__: Any) -> dict[str, list[str]]:
        found, faults = {}, {}
        for name, given in value.items():
            try:
                found[name] = _read_tag(name, given)
            except ValidationError as error:
                faults[_TAG + name] = error.messages
        if faults:
            raise ValidationError(faults)
        return found


def _read_tag(name: str, given: str) -> Any:
    if not TAG_NAME.fullmatch(name):
        raise ValidationError("A tag's name has 1 to 64 of a-z, 0-9, `_`, `.` and `-`.")
    return TagValues(description="Its values.").deserialize(given)


def _moment(description: str) -> Instant:
    return Instant(load_default=None, metadata={"description": description})


class ShapeQuery(PageQuery):
    """What is shown of a fax."""

    class Meta:
        exclude: tuple[str, ...] = ("limit", "cursor")

    fields_ = FieldNames(
        *_FIELDS, data_key="fields", description="Only these fields of each fax, in this order."
    )
    include = Words("history", description="`history` adds each fax's events.")

    @post_load
    def _asked(self, asked: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"shape": Shape(asked.pop("fields_"), bool(asked.pop("include"))), **asked}


class FaxQuery(ShapeQuery):
    """Which faxes are asked for, and in which order."""

    class Meta:
        exclude: tuple[str, ...] = ()

    statuses = Words(*FaxStatus, data_key="status", description="The status.")
    outcomes = Words(*Outcome, data_key="outcome", description="Whether it arrived.")
    reasons = Words(*REASONS, data_key="reason", description="Why it failed.")
    providers = Words(*PROVIDERS, data_key="provider", description="The provider.")
    accounts = Words(data_key="account", description="The account's id or label.")
    directions = Words(*Direction, data_key="direction", description="The direction.")
    recipients = Numbers(data_key="to", description="The recipient; `+1310*` is a prefix.")
    senders = Numbers(data_key="from", description="The sender; `+1310*` is a prefix.")
    provider_fax_ids = Words(
        data_key="provider_fax_id",
        description="Any of the provider's ids for the fax; `abc*` is a prefix.",
    )
    flags = Words(*Flag, data_key="flag", description="What a fax is flagged with.")
    tags = Tags(
        data_key=_ANY_TAG,
        load_default=dict,
        metadata={
            "description": "The value of the tag of this name, as in `tag.customer=4711`. "
            "Comma-separated values mean any of them; a comma of the value itself is `\\,`. "
            "Several tags mean all of them."
        },
    )
    created_after = _moment("First heard of at or after this time.")
    created_before = _moment("First heard of before this time.")
    updated_after = _moment("Last heard of at or after this time.")
    updated_before = _moment("Last heard of before this time.")
    sort = fields.Enum(
        Sort,
        by_value=True,
        load_default=Sort.NEWEST,
        error_messages={"unknown": f"Allowed are: {', '.join(Sort)}."},
        metadata={
            "description": "The order. Whatever comes in meanwhile, a walk from page to page "
            "passes over no fax and shows none twice; by `updated_at` a fax that changed is "
            "shown again, so that its last state comes last."
        },
    )

    def _gathered(self, given: dict[str, Any]) -> dict[str, Any]:
        """Any name of a tag is a parameter."""
        tags = {name: given.pop(name) for name in list(given) if name.startswith(_TAG)}
        return {**given, _ANY_TAG: {name.removeprefix(_TAG): tags[name] for name in tags}}

    @post_load
    def _asked(self, asked: dict[str, Any], **_: Any) -> dict[str, Any]:
        filters = {name: asked.pop(name) for name in _FILTERS}
        return {"filters": filters, **super()._asked(asked)}

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> None:
        """Faults of tags are those of parameters, each of its own name."""
        messages: Any = error.messages
        if isinstance(messages.get(_ANY_TAG), dict):  # Else the fault is of that very name.
            messages.update(messages.pop(_ANY_TAG))
