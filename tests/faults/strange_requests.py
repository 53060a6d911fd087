"""Authentic requests with one strange value in one field, for every field and every value.

The values are those over which a web framework, a JSON parser, SQLite or PostgreSQL stumbled
when they were tried.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from urllib.parse import quote_from_bytes, urlencode

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnreadableError
from faxhooks.providers.signalwire.words import KNOWN
from tests.providers.signalwire.mutations import resigned
from tests.providers.signalwire.requests import FORM, JSON, request
from tests.providers.strange import Path, altered, leaves, spoken
from tests.story import SIGNING_KEY, Hook, target

TEXTS: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "a blank": b" ",
    "NUL": b"\0",
    "NUL within": b"a\0b",
    "half a character": b"\xed\xa0\x80",
    "no UTF-8": b"\xff",
    "spelled-out bytes": b"%FF",
    "controls": b"\x01\x1b[2J\x7f",
    "lines": b"a\r\nb\tc\x0b\x0c\xc2\x85",
    "another direction": "\u202e\u2066abc".encode(),
    "a mark of order": "\ufeffabc".encode(),
    "no character": "\ufffe\U0010ffff".encode(),
    "a formula": b'=HYPERLINK("http://x","y")',
    "quotes": b"'\"\\;--`",
    "a template": b"{{7*7}}<script>alert(1)</script>",
    "an addition": b"+1-1",
    "two to 31": str(2**31).encode(),
    "two to 63": str(2**63).encode(),
    "two to 70": str(2**70).encode(),
    "less than nothing": b"-1",
    "a part": b"0.5",
    "no number": b"NaN",
    "without end": b"Infinity",
    "beyond floats": b"1e999",
    "4300 digits": b"9" * 4300,
    "5000 digits": b"9" * 5000,
    "other digits": "\u0663\u0661".encode(),
    "201 letters": b"x" * 201,
    "5000 letters": b"x" * 5000,
    "the year 10000": b"10000-01-01T00:00:00Z",
    "past the last year": b"9999-12-31T23:59:59-14:00",
    "before the first year": b"0001-01-01 00:00:00+14:00",
    "no day": b"2026-02-30T25:61:61Z",
    "a known word": b"delivered",
    "an unknown word": b"teleported",
    "an unknown failure": b"failed_fs_99999",
}
LITERALS: Final[Mapping[str, bytes]] = {
    **{name: bytes(said) for name, said in TEXTS.items() if name in {"no number", "without end"}},
    "NUL escaped": rb'"a\u0000b"',
    "half a character escaped": rb'"\ud800"',
    "beyond floats": b"1e999",
    "4300 digits": b"9" * 4300,
    "5000 digits": b"9" * 5000,
    "two to 31": str(2**31).encode(),
    "two to 63": str(2**63).encode(),
    "two to 70": str(2**70).encode(),
    "a negative": b"-1",
    "a part": b"0.5",
    "a great float": b"1e308",
    "null": b"null",
    "true": b"true",
    "a list": b"[1]",
    "an object": b'{"a": {}}',
    "33 deep": b"[" * 33 + b"]" * 33,
    "20000 deep": b"[" * 20_000 + b"]" * 20_000,
    "60000 opened": b"[" * 60_000,
    "60000 letters": b'"' + b"x" * 60_000 + b'"',
    "twice": b'"a", "status": "success", "status": "failed"',
    "raw controls": b'"\x01\n"',
}
DOCUMENTS: Final = (b"", b"1", b"null", b'"x"', b"[]", b"{}", b"\0", b"\xff\xfe", b"[" * 60_000)
_STANDARD: Final = {
    "AccountSid": "b3877c40-da60-4998-90ad-b792e98472af",
    "ApiVersion": "v1",
    "From": "+13105550100",
    "To": "+13105550101",
    "FaxStatus": "failed",
}
_OWN: Final[Sequence[Path]] = (
    ("hook", "id"),
    ("data", "id"),
    ("params", "call_id"),
    ("params", "control_id"),
    ("call", "call_id"),
    ("vars", "receive_fax_document"),
)
_HERE: Final = "\u2603 here"
_LONGEST_QUERY: Final = 7000


@dataclass(frozen=True)
class Strange:
    """A request, and what is strange about it. `signable` tells whether a signature can be made
    for it, without which it is refused.
    """

    name: str
    callback: Callback
    signable: bool = True


def strange_requests(hook: Hook) -> Iterator[Strange]:
    """Every one there is; each is about a fax of its own."""
    numbers = count()
    where = target(hook.signalwire_account.hook_url)
    for field in sorted(KNOWN):
        for name, said in TEXTS.items():
            yield from _forms(where, field, name, said, numbers)
    for provider, url in (
        ("signalwire", where),
        ("faxplus", target(hook.faxplus_account.hook_url)),
    ):
        for path, document in _places(provider).items():
            for name, literal in _literals():
                said = _document(document, path, literal, next(numbers))
                yield Strange(f"{provider} {'.'.join(path)}: {name}", _json(url, said))
        for document in _whole(provider):
            name = f"{provider} as a whole: {document[:20]!r}"
            # An empty post has no signature of its own: it would be that of the bare URL.
            signable = provider == "faxplus" or document != b""
            yield Strange(name, _json(url, document), signable)


def _forms(
    where: str, field: str, name: str, said: bytes, numbers: Iterator[int]
) -> Iterator[Strange]:
    """As a form, as a query, and beside the usual value."""
    for kind in ("form", "query", "twice"):
        number = next(numbers)
        usual = _STANDARD | {"FaxSid": f"s{number}", "ErrorMessage": f"e{number}"}
        rest = [(n, v) for n, v in usual.items() if n != field or kind == "twice"]
        body = f"{urlencode(rest)}&{field}={quote_from_bytes(said)}".encode()
        strange = f"{kind} {field}: {name}"
        if kind != "query":
            posted = request(body, FORM, target=where)
            yield Strange(strange, *_signed(posted))
        elif len(body) < _LONGEST_QUERY:
            got = request(b"", {}, "GET", f"{where}?{body.decode()}")
            yield Strange(strange, resigned(got, SIGNING_KEY))


def _signed(posted: Callback) -> tuple[Callback, bool]:
    try:
        return resigned(posted, SIGNING_KEY), True
    except UnreadableError:
        return posted, False


def _json(where: str, body: bytes) -> Callback:
    """Signed as SignalWire would; Fax.Plus's signature is not looked at."""
    return resigned(request(body, JSON, target=where), SIGNING_KEY)


def _places(provider: str) -> dict[Path, dict[str, Any]]:
    """Every place in the recorded requests, with a request that has it."""
    found: dict[Path, dict[str, Any]] = {}
    for document in spoken(provider).objects:
        for path, _ in leaves(document):
            found.setdefault(path, document)
    return found


def _literals() -> Iterator[tuple[str, bytes]]:
    yield from LITERALS.items()
    for name, said in TEXTS.items():
        yield name, json.dumps(said.decode("latin-1"), ensure_ascii=False).encode("latin-1")


def _document(document: dict[str, Any], path: Path, literal: bytes, number: int) -> bytes:
    """The request, about a fax of its own, with the literal at one place."""
    for own in _OWN:
        if own != path and own[0] in document:
            document = altered(document, own, f"{own[-1]}{number}")
    written = json.dumps(altered(document | {"number": number}, path, _HERE))
    return written.encode().replace(json.dumps(_HERE).encode(), literal)


def _whole(provider: str) -> Iterator[bytes]:
    """Documents that are no object, or are written otherwise."""
    yield from DOCUMENTS
    for document in spoken(provider).objects:
        written = json.dumps(document)
        yield b"\xef\xbb\xbf" + written.encode()
        yield written.encode("utf-16")
        yield written.encode() + b"garbage"
        yield (written[:-1] + ", " + written[1:]).encode()
