"""The ways in which a request may have been written before something on its way changed it.

A signature is made over the URL that the provider was given and over what it sent. A proxy
that answers for another name, takes the encryption off, moves the path or writes the body anew
changes what we see of that; each way back is a spelling, with the names of what it changes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from faxhooks.domain.callback import FORM, Callback

_MOVED: Final = ("x-original-uri", "x-original-url", "x-rewrite-url", "x-forwarded-uri")
"""Headers in which proxies note the address that they were asked for."""
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A request as it may have been, and what of it is not as it came or is configured."""

    callback: Callback
    changes: tuple[str, ...] = ()


def spell(callback: Callback) -> list[Spelling]:
    """Every spelling we know to look for, those with the fewest changes first."""
    urls = [
        Spelling(replace(callback, origin=origin, target=target), (*moved, *changed))
        for origin, moved in _origins(callback)
        for target, changed in _targets(callback)
    ]
    both = [
        Spelling(made.callback, (*url.changes, *made.changes))
        for url in urls
        for made in _contents(url.callback)
    ]
    return sorted(both, key=lambda spelling: len(spelling.changes))


def seen_hosts(callback: Callback) -> list[str]:
    """The hosts that the request itself names, as its headers have them."""
    headers = callback.headers
    named = [headers.get("host", ""), headers.get("x-forwarded-host", "").partition(",")[0]]
    pairs = [pair.strip().partition("=") for pair in _first_forwarded(callback).split(";")]
    named += [value.strip('"') for name, _, value in pairs if name.lower() == "host"]
    return list(dict.fromkeys(name.strip() for name in named if _is_host(name.strip())))


def seen_scheme(callback: Callback) -> str | None:
    """The scheme, http or https, where a proxy says how it was asked."""
    told = callback.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    for pair in _first_forwarded(callback).split(";"):
        name, _, value = pair.strip().partition("=")
        told = told or (value.strip('"').lower() if name.lower() == "proto" else "")
    return told if told in ("http", "https") else None


def _origins(callback: Callback) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Our own scheme, host and port, and those that were seen, in all their combinations."""
    ours = urlsplit(callback.origin)
    ports = [None if ours.port is None else str(ours.port), None]
    ports.append(callback.headers.get("x-forwarded-port", "").strip() or None)
    hosts: dict[str, list[str | None]] = {ours.hostname or "": ports}
    for seen in seen_hosts(callback):
        split = urlsplit(f"//{seen}")
        hosts.setdefault(split.hostname or "", ports[:])
        hosts[split.hostname or ""].append(str(split.port) if split.port else None)
    for host, known in hosts.items():
        for port in dict.fromkeys(known):
            for scheme in ("https", "http"):
                said = [("scheme", scheme != ours.scheme), ("host", host != ours.hostname)]
                said.append(("port", port != ports[0]))
                bare = f"[{host}]" if ":" in host else host
                origin = f"{scheme}://{bare}" + (f":{port}" if port else "")
                yield origin, tuple(name for name, differs in said if differs)


def _targets(callback: Callback) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The path and query as they came, and as they may have been before."""
    target, headers = callback.target, callback.headers
    path, mark, query = target.partition("?")
    other = path[:-1] if path.endswith("/") else f"{path}/"
    found = [(target, ()), (other + mark + query, ("slash",))]
    found += [
        (unquote(path) + mark + query, ("escapes",)),
        (path + mark + unquote(query), ("escapes",)),
    ]
    found.append((quote(unquote(path)) + mark + query, ("escapes",)))
    if query:
        found.append((path, ("query",)))
    prefix = headers.get("x-forwarded-prefix", "").strip().rstrip("/")
    if prefix.startswith("/"):
        found.append((prefix + target, ("path",)))
    moved = [headers.get(name, "").strip() for name in _MOVED]
    found += [(each, ("path",)) for each in moved if each.startswith("/")]
    seen = set()
    for each, changes in found:
        if each not in seen and each.isascii():
            seen.add(each)
            yield each, changes


def _contents(callback: Callback) -> Iterator[Spelling]:
    """The body as it came, and as it may have been sent."""
    yield Spelling(callback)
    body = callback.body
    looks_like_json = body.lstrip()[:1] in (b"{", b"[")
    if callback.is_form == looks_like_json and body and callback.method == "POST":
        kind = _JSON if looks_like_json else FORM
        headers = {**callback.headers, "content-type": kind}
        callback = replace(callback, headers=headers)
        yield Spelling(callback, ("content_type",))
    made = _json_anew(body) if looks_like_json else _form_anew(callback)
    for each, change in made:
        if each != body:
            yield Spelling(replace(callback, body=each), (change,))


def _json_anew(body: bytes) -> Iterator[tuple[bytes, str]]:
    """The same JSON as writers write it; and with or without a line end behind it."""
    yield body.strip(), "body_ends"
    yield body + b"\n", "body_ends"
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return
    for ascii_only in (False, True):
        for separators in ((",", ":"), (", ", ": ")):
            said = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
            yield said.encode("utf-8", "surrogatepass"), "body_rewritten"


def _form_anew(callback: Callback) -> Iterator[tuple[bytes, str]]:
    """The fields as they were: a plus sign that was decoded twice is a blank, line ends and
    blanks at the ends are what writers of forms change.
    """
    if not callback.is_form:
        return
    fields = parse_qsl(callback.body.decode("utf-8", "replace"), keep_blank_values=True)
    plus = [(k, f"+{v[1:]}" if v[:1] == " " and v[1:2].isdigit() else v) for k, v in fields]
    yield urlencode(plus).encode(), "plus_lost"
    yield urlencode([(k, v.strip()) for k, v in fields]).encode(), "body_rewritten"
    yield urlencode([(k, v.replace("\r\n", "\n")) for k, v in fields]).encode(), "line_ends"
    unix = [(k, v.replace("\r\n", "\n").replace("\n", "\r\n")) for k, v in fields]
    yield urlencode(unix).encode(), "line_ends"


def _first_forwarded(callback: Callback) -> str:
    return callback.headers.get("forwarded", "").partition(",")[0]


def _is_host(text: str) -> bool:
    """Something that a URL may have there, and that urlsplit takes."""
    if not text or len(text) > 255 or not text.isascii() or set(text) & set("/\\?#@ \t\"'<>{}"):
        return False
    try:
        split = urlsplit(f"//{text}")
        return bool(split.hostname) and (split.port is None or split.port > 0)
    except ValueError:
        return False
