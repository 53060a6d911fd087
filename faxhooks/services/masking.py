"""Fax numbers as those see them who may not see all of them."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_GAP: Final = "•••••"
_NUMBER: Final = re.compile(r"\+?\d(?:[ ().\-/]{0,3}\d){6,}")
"""Seven digits or more, however they are set; anything shorter could be anything else."""


def masked_number(number: str) -> str:
    """The ends of a number, by which those who know it recognize it."""
    kept = (number[:3], number[-2:]) if len(number) > 7 else ("", "")
    return _GAP.join(kept)


def masked_text(text: str) -> str:
    """A text of somebody else's with every number in it masked."""
    return _NUMBER.sub(lambda found: masked_number(found[0]), text)


def masked_fax(shown: Mapping[str, Any]) -> dict[str, Any]:
    """A fax, or some of its fields, as the API shows them, with its numbers masked."""
    masked = {
        name: rule(shown[name])
        for name, rule in _RULES.items()
        if name in shown and shown[name] is not None
    }
    return {**shown, **masked}


def masked_entry(shown: Mapping[str, Any]) -> dict[str, Any]:
    """An event as the API shows it, with the numbers in the provider's words masked."""
    detail = shown["detail"]
    return {**shown, "detail": None if detail is None else masked_text(detail)}


def _masked_error(error: Mapping[str, Any]) -> dict[str, Any]:
    message = error["message"]
    return {**error, "message": None if message is None else masked_text(message)}


_RULES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "from": masked_number,
    "to": masked_number,
    "remote_station_id": masked_text,
    "error": _masked_error,
    "history": lambda entries: [masked_entry(entry) for entry in entries],
}
