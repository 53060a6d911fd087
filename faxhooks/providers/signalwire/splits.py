"""Whether a request that fits its signature is also the one the signature was made for.

A signed string is the URL, the names and the values, run together without delimiters. So
whoever saw one signed request can cut the same string elsewhere (`NumPages=2` and
`To=+1…` into `NumPages=2To+1…`, or the tail of a query into a body) and send that under the
same signature. What is refused here are the cuts that hide a parameter SignalWire documents.

It is told from the text alone: names must stay in order or the signature fails, so a
documented parameter that is missing can only have been swallowed between its neighbours in
the alphabet, name and all. New parameters that SignalWire may add are accepted, unless their
names begin with or contain a documented name that is missing at that very place. What stays
open: a value may be cut so that its end becomes a field of an unknown name.
"""

import re
from bisect import bisect
from collections.abc import Sequence
from typing import Final

from faxhooks.providers.signalwire.words import DOCUMENTED

_BEFORE_IN_URL: Final = "?&/_.=-"
_QUERY: Final = re.compile(rb"[!#-;=?-Z_a-z~]")
_MARK_OR_DIGIT: Final = re.compile(r"[!-@\[-^`{-~]")
_FORM_IN_QUERY: Final = re.compile(r"FaxSid(?![=%&]|$)")
_DOCUMENTED_BYTES: Final = tuple(name.encode() for name in DOCUMENTED)


def fields_are_ambiguous(target: str, fields: Sequence[tuple[str, str]]) -> bool:
    """Whether a form may have been cut from the signed string in another way than it was sent.

    Between two documented parameters lies a stretch of text: the value of the first and any
    other fields. A documented parameter that is missing, and belongs between the two, must
    not be found in it. Before the first one that stretch is the path and query. A name that is
    blank, or begins with a mark or a digit, would be a tail of the URL or a body of JSON.
    """
    names = {name for name, _ in fields}
    if any(not name or _MARK_OR_DIGIT.match(name) for name in names - DOCUMENTED):
        return True
    known, stretches = [""], [target]
    for name, value in sorted(fields):
        if name in DOCUMENTED:
            known.append(name)
            stretches.append(value)
        else:
            stretches[-1] += name + value
    missing = DOCUMENTED - names
    return any(_swallowed(lost, stretches[bisect(known, lost) - 1]) for lost in missing)


def query_holds_form(target: str) -> bool:
    """Whether a query may be the fields of a form without their marks, sent as a GET: then
    FaxSid, which every callback has, is followed by its value at once.
    """
    return _FORM_IN_QUERY.search(target) is not None


def body_continues_url(target: str, body: bytes) -> bool:
    """Whether a raw body may be the end of a signed URL, or the fields of a signed form.

    JSON from SignalWire is an object, and a URL has no raw brace in it, so it never is.
    """
    if "?" in target:
        return _QUERY.match(body) is not None
    return body.startswith((b"?", b"/", *_DOCUMENTED_BYTES))


def _swallowed(name: str, stretch: str) -> bool:
    """Whether a name stands in the text otherwise than as a part of an address: our own
    customers choose the address of a document, and may well write `?Timestamp=` in it.
    """
    start = stretch.find(name)
    while start >= 0:
        end = start + len(name)
        in_address = "://" in stretch[:start]
        marked = stretch[start - 1 : start] in _BEFORE_IN_URL or stretch[end : end + 1] == "="
        if not (in_address and marked):
            return True
        start = stretch.find(name, end)
    return False
