"""The records in an API's list, each in the very bytes in which it stood there.

A list tells of many faxes; what is kept as evidence of one of them is its own record, neither
the whole list nor a writing of ours.
"""

import json
import re
from typing import Final

from faxhooks.domain.errors import UnreadableError

Path = tuple[str, ...]
"""The names that lead from the outermost object to a list; none where the list is outermost."""

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()


def cut_records(body: bytes, *paths: Path) -> list[bytes] | None:
    """The elements of the first list that one of these paths leads to; None without any.

    Raises UnreadableError when the body is no JSON.
    """
    try:
        text = body.decode("utf-8")
        _DECODER.decode(text)  # All of it is JSON, so that the walks below need not check.
        for path in paths:
            start = _find(text, _skip(text, 0), path)
            if start is not None and text[start] == "[":
                return [element.encode() for element in _elements(text, start)]
    except UnicodeDecodeError:
        raise UnreadableError("unparsable: the answer is not UTF-8") from None
    except (ValueError, RecursionError):
        raise UnreadableError("unparsable: the answer is not JSON") from None
    return None


def _find(text: str, start: int, path: Path) -> int | None:
    """Where the value stands to which the path leads from the value at `start`."""
    for name in path:
        found = _member(text, start, name) if text[start] == "{" else None
        if found is None:
            return None
        start = found
    return start


def _member(text: str, start: int, wanted: str) -> int | None:
    """Where the last value of that name stands in an object, since the last one counts."""
    found, at = None, _skip(text, start + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if name == wanted:
            found = at
        at = _after_comma(text, _DECODER.raw_decode(text, at)[1])
    return found


def _elements(text: str, start: int) -> list[str]:
    found, at = [], _skip(text, start + 1)
    while text[at] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        found.append(text[at:end])
        at = _after_comma(text, end)
    return found


def _after_comma(text: str, at: int) -> int:
    """The start of the next member or element, or the bracket that ends them all."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
