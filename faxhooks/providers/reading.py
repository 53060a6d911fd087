"""Careful reading of what a remote party wrote: every value is checked, none is guessed.

All of it raises UnreadableError, which names the field and the fault but not the value.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Number

MAX_DEPTH: Final = 32
MAX_ID: Final = 200
MAX_TEXT: Final = 4096
MAX_PAGES: Final = 100_000

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[{\]}]")
_SEPARATORS = re.compile(r"[\s\-().\u00a0\u2010-\u2015]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS = re.compile(r"[0-9]{1,9}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


def digest_of(*said: object) -> bytes:
    """SHA-256 of what an event says; None and an empty text are the same."""
    text = _written(["" if value is None else value for value in said])
    return hashlib.sha256(text.encode()).digest()


_written: Final = json.JSONEncoder(sort_keys=True).encode


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body, refusing NaN, infinities, NUL, lone surrogates and deep
    nesting.
    """
    if _is_deep(body):
        raise UnreadableError(f"too deep: JSON nested more than {MAX_DEPTH} levels")
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise UnreadableError("unparsable: the body is not UTF-8") from None
    except (ValueError, RecursionError):
        raise UnreadableError("unparsable: the body is not JSON") from None
    if not isinstance(value, dict):
        raise UnreadableError("unparsable: the body is not a JSON object")
    if b"\\u" in body:  # Nothing but an escape brings a NUL or half a character past the parser.
        for found in _texts(value):
            clean(found)
    return value


def clean(text: str, name: str = "the body") -> str:
    """The text itself, unless no database could keep it."""
    if "\0" in text:
        raise UnreadableError(f"NUL: {name} holds a NUL character")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise UnreadableError(f"surrogate: {name} holds half a character")
    return text


def text(fields: Mapping[str, Any], *names: str, limit: int = MAX_TEXT) -> str | None:
    """The first of these fields that says something; blank, null and absent say nothing."""
    for name in names:
        value = fields.get(name)
        if value is None or value == "":
            continue
        if type(value) is not str and type(value) not in (int, float):
            raise UnreadableError(f"wrong type: {name} is not a text")
        found = clean(str(value), name).strip()
        if len(found) > limit:
            raise UnreadableError(f"too long: {name} has more than {limit} characters")
        if found:
            return found
    return None


def identifier(fields: Mapping[str, Any], *names: str) -> str | None:
    """A provider's id or word, short enough to be indexed."""
    return text(fields, *names, limit=MAX_ID)


def count(fields: Mapping[str, Any], *names: str, limit: int = MAX_PAGES) -> int | None:
    """A whole number from 0 to `limit`, written as a number or as text."""
    for name in names:
        value = fields.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise UnreadableError(f"wrong type: {name} is not a whole number")
        if not 0 <= value <= limit:
            raise UnreadableError(f"impossible: {name} is not between 0 and {limit}")
        return value
    return None


def amount(fields: Mapping[str, Any], name: str) -> str | None:
    """A plain decimal amount, not negative, as it was written; a whole float as an integer."""
    value = fields.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    written = text({name: value}, name)
    if written is not None and not _AMOUNT.fullmatch(written):
        raise UnreadableError(f"wrong type: {name} is not an amount")
    return written


def mapping(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A nested object; an absent one is empty."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableError(f"wrong type: {name} is not an object")
    return value


def number(fields: Mapping[str, Any], *names: str) -> Number | None:
    """One end of a fax: E.164 without its decoration, else the text as it came."""
    raw = identifier(fields, *names)
    if raw is None:
        return None
    plain = _SEPARATORS.sub("", raw)
    return Number(plain if _E164.fullmatch(plain) else raw, raw)


def moment(written: str, zone: tzinfo = UTC) -> datetime | None:
    """An ISO 8601 date and time in UTC, `zone` where it names none; None when it is no such
    time. Neither a date alone nor a row of digits is one: the parser below would read some
    Unix times in milliseconds as a day in the eighteenth century.
    """
    plain = written.strip()
    if not _MOMENT.match(plain):
        return None
    try:
        parsed = datetime.fromisoformat(plain)
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def epoch(seconds: object) -> datetime | None:
    """Unix seconds, whole or not, in UTC; None when it is no such time."""
    try:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float | str):
            return None
        return datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _refuse_constant(name: str) -> None:
    raise UnreadableError(f"{name}: JSON has no such number")


def _finite(written: str) -> float:
    """A number like 1e999 is correct JSON, yet would become an infinity."""
    value = float(written)
    if not math.isfinite(value):
        raise UnreadableError("too large: the body holds a number without bounds")
    return value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _is_deep(body: bytes) -> bool:
    """Checked before parsing, since a deep document exhausts the parser's stack."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
