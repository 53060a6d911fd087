"""Query strings of the API: known parameters only, each fault named."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load
from marshmallow.validate import Range
from webargs.fields import DelimitedList
from webargs.flaskparser import FlaskParser

from faxhooks.providers.reading import moment

MAX_LIMIT: Final = 200
_ONE_WORD: Final = r"^[^\s,\\\x00]+$"
"""What a value looks like to those who generate requests; we take more."""
_COMMA: Final = re.compile(r"(?<!\\),")


class QueryParser(FlaskParser):
    """Faults in a query are 400, and so are parameters we do not know."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}


class Instant(fields.Field[datetime]):
    """An RFC 3339 time; one without a zone is UTC."""

    def __init__(self, *, metadata: Mapping[str, Any] | None = None, **options: Any) -> None:
        shape = {"type": "string", "format": "date-time", **(metadata or {})}
        super().__init__(metadata=shape, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        # A plus sign that was not percent-encoded has become a blank.
        found = moment(str(value).strip().replace(" ", "+"))
        if found is None:
            raise ValidationError("This is no RFC 3339 time such as 2026-01-13T21:54:46Z.")
        return found


class Words(DelimitedList):
    """Several values, comma-separated: any of them. A backslash keeps a comma in the value."""

    def __init__(self, *allowed: str, description: str, data_key: str | None = None) -> None:
        self._allowed = allowed
        about = f"{description} Comma-separated values mean any of them."
        one: dict[str, Any] = {"enum": list(allowed)} if allowed else {"pattern": _ONE_WORD}
        super().__init__(
            fields.String(metadata=one),
            load_default=tuple,
            data_key=data_key,
            metadata={"description": about, "minItems": 1},
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        found = [self._word(text) for text in _COMMA.split(str(value))]
        if any(not word or "\0" in word for word in found):
            raise ValidationError("A value is empty or holds a NUL character.")
        if self._allowed and not set(found) <= set(self._allowed):
            raise ValidationError(self._refusal([w for w in found if w not in self._allowed]))
        return found

    def _refusal(self, _unknown: list[str]) -> str:
        """What to say of words that are not allowed; what they were is not echoed."""
        return f"Allowed are: {', '.join(self._allowed)}."

    def _word(self, text: str) -> str:
        """One value as it was meant."""
        return text.strip().replace("\\,", ",")


_LIMITS: Final = f"Allowed is a whole number from 1 to {MAX_LIMIT}."


class PageQuery(Schema):
    """What every list takes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        names = sorted(field.data_key or name for name, field in self.fields.items())
        there_are = f"there are: {', '.join(names)}" if names else "this address takes none"
        self.error_messages["unknown"] = f"No such parameter; {there_are}."

    @pre_load
    def _once(self, data: Any, **_: Any) -> dict[str, Any]:
        """A parameter given twice would lose one of its values without a word."""
        twice = {name for name in data if len(data.getlist(name)) > 1}
        if twice:
            text = "Give it once; several values are separated by commas."
            raise ValidationError({name: [text] for name in twice})
        return self._gathered({name: data.getlist(name)[0] for name in data})

    def _gathered(self, given: dict[str, Any]) -> dict[str, Any]:
        """For parameters whose names are not known beforehand: gathered under one that is."""
        return given

    limit = fields.Integer(
        load_default=50,
        validate=Range(1, MAX_LIMIT, error=_LIMITS),
        error_messages={"invalid": _LIMITS},
        metadata={"description": f"Rows of a page, 1 to {MAX_LIMIT}."},
    )
    cursor = fields.String(
        load_default=None, metadata={"description": "`next_cursor` of the page before."}
    )


class NoQuery(PageQuery):
    """Nothing to choose; what is given is refused, lest it seem to have an effect."""

    class Meta:
        exclude = ("limit", "cursor")
