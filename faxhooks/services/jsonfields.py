"""Fields of the public JSON that marshmallow does not bring along."""

from datetime import datetime
from typing import Any

from marshmallow import fields

from faxhooks.services.shapes import moment_json, reason_json


class Moment(fields.Field[datetime]):
    """An RFC 3339 time in UTC, with a Z."""

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        return moment_json(value)


class SortedWords(fields.Field[frozenset[str]]):
    """A set of words in alphabetical order."""

    def _serialize(self, value: frozenset[str] | None, *_: Any, **__: Any) -> list[str]:
        return sorted(value or ())


class ReasonField(fields.Field[str]):
    """A reason code with its advice from the table."""

    def _serialize(self, value: str | None, *_: Any, **__: Any) -> dict[str, Any] | None:
        return reason_json(value)


class Part(fields.Nested):
    """An object made of the whole's own fields; null where every part of it is."""

    def get_value(self, obj: Any, *_: Any, **__: Any) -> Any:
        """The whole, since the parts are its fields."""
        return obj

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        dumped = super()._serialize(value, attr, obj, **kwargs)  # type: ignore[no-untyped-call]
        return dumped if any(part is not None for part in dumped.values()) else None


def about(description: str) -> dict[str, str]:
    """What a field is, for the API's description."""
    return {"description": description}
