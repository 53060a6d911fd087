"""What must never be read in a log: keys, tokens and phone numbers, wherever they stand."""

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

MAX_DEPTH: Final = 10

_START: Final = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))"
_SLASH: Final = r"(?:/|%2F)+"
_PLUS: Final = r"(?:[+\uff0b]|%2B|\\u002B)"
_GAP: Final = r"(?:[ \t().\-/\u00a0\u2010-\u2015]|%20|%28|%29){0,3}"

_MASKS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, flags), mask)
    for pattern, flags, mask in (
        # The token in a hook's path is all that an unsigned callback proves.
        (rf"((?:/|%2F|\b)hooks{_SLASH}[^/\s%?#\"'<>]+{_SLASH})[^/\s?#&\"'<>\\]+", re.I, r"\1***"),
        # Our API keys, SignalWire's signing keys, Fax.Plus' access tokens, Standard Webhooks'
        # secrets and SignalWire's API tokens, by the prefixes their owners gave them.
        (r"(fhk_|PSK_|alohi_pat_|whsec_)[A-Za-z0-9_+/=.~%-]+", re.I, r"\1***"),
        (rf"{_START}PT[A-Za-z0-9]{{8,}}", 0, "PT***"),
        (r"\b(Bearer)((?:[\s:=+]|%20)+)[^\s\"',;<>\\]+", re.I, r"\1\2***"),
        (r"\b(Basic)((?:[\s:=+]|%20)+)[A-Za-z0-9+/=_%-]{12,}", re.I, r"\1\2***"),
        # A database's address in an error of its driver.
        (r"(://)[^/\s@\"'<>]+@", 0, r"\1***@"),
        (r"\b(password=)[^\s&]+", re.I, r"\1***"),
        # OAuth2, in an address or a form.
        (r"\b((?:refresh_token|access_token|client_secret)=)[^\s&]+", re.I, r"\1***"),
        # A person's number, in E.164 or decorated, and in the path of our own API.
        (rf"{_PLUS}{_GAP}\d(?:{_GAP}\d){{6,14}}\d*", re.I, "+***"),
        (rf"((?:/|%2F)numbers{_SLASH})[^/\s?#&\"'<>\\]+", re.I, r"\1***"),
    )
)


_SHORT: Final = 64
"""Characters of a text that may be one of the few that stand in every line."""

_HARMLESS: Final = re.compile(r"[0-9a-fTZ:.-]*")
"""Ids, times and counts: none of the masks fits what has no other characters."""


def scrub(text: str) -> str:
    """The text with every secret and number in it masked."""
    if len(text) > _SHORT:
        return _masked(text)
    return text if _HARMLESS.fullmatch(text) else _masked_before(text)


def _masked(text: str) -> str:
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


_masked_before: Final = lru_cache(maxsize=1024)(_masked)
"""Most words in a line are those of the line before."""
_masked_name: Final = lru_cache(maxsize=1024)(_masked)
"""And so are all names."""


def scrubbed(value: Any, depth: int = 0) -> Any:
    """Anything as plain, masked JSON: nested as deep as a reader can follow, text below that.

    What JSON does not know is written as its text, so that no object slips through unread.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, bytes | bytearray):
        return scrub(bytes(value).decode("utf-8", "backslashreplace"))
    if depth >= MAX_DEPTH:
        return scrub(repr(value))
    return _scrubbed_object(value, lambda inner: scrubbed(inner, depth + 1))


def _scrubbed_object(value: object, inside: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {
            _masked_name(str(name)): scrub(inner) if type(inner) is str else inside(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [inside(inner) for inner in value]
    if isinstance(value, BaseException):
        return scrub(f"{type(value).__name__}: {value}")
    return scrub(str(value))
