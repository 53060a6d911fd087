"""A genuine request changed in every way we could think of.

Each change says something else than the request did, or says it under a signature that was not
made for it. A few say the same after all: `says_the_same` tells them.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qsl, quote, urlencode

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnreadableError

from .requests import FORM, JSON, ORIGIN, SHA256, SIGNATURE, base64, mac, signed_string

Changes = Iterator[Callback]

KINDS = ["", "application/json", "text/plain", "multipart/form-data; boundary=x"]
HOSTS = ["hooks.example.com:8443", "hooks.example.com:80", "HOOKS.example.com", "example.com"]
HOSTS += ["hooks.example.com.", "user:pass@hooks.example.com", "hooks.example.com:4430"]
ORIGINS = ["http://hooks.example.com", "HTTPS://hooks.example.com", "https://", ""]
ORIGINS += [f"https://{host}" for host in HOSTS]


def changes(callback: Callback, key: str) -> Iterator[tuple[str, Changes]]:
    """Every kind of change that the request lends itself to, by its name; `key` signed it."""
    yield "signature", changed_signatures(callback, SIGNATURE)
    yield "target", changed_targets(callback)
    yield "signed for another", signed_for_another(callback, key)
    yield "method and type", changed_kinds(callback)
    if "?" in callback.target:
        yield "query to body", moved_to_the_body(callback)
    if not callback.body:
        return
    yield "bits", (replace(callback, body=body) for body in flipped(callback.body))
    yield "cut", (replace(callback, body=callback.body[:n]) for n in range(len(callback.body)))
    if callback.is_form:
        yield "fields", (with_fields(callback, fields) for fields in changed_fields(callback))
        yield "merged", merged_fields(callback)
        yield "cut in two", fields_cut_in_two(callback)
        yield "body to query", moved_to_the_query(callback)
    else:
        yield "sha256", changed_signatures(callback, SHA256)
        yield "json", (replace(callback, body=body) for body in rewritten_json(callback.body))


def says_the_same(one: Callback, other: Callback) -> bool:
    """Whether two requests differ in nothing that was signed, but in the blanks around a header,
    which servers drop, in the order of a form's fields, in how its bytes are written or in the
    type of what is no form.
    """
    return _said(one) == _said(other)


def _said(callback: Callback) -> tuple[object, ...]:
    signatures = [callback.headers.get(name, "").strip() for name in (SIGNATURE, SHA256)]
    form = callback.is_form and callback.method == "POST"
    body: object = callback.body
    if form:
        try:
            body = sorted(callback.fields)
        except UnreadableError:
            body = callback.body
    return callback.method, callback.origin, callback.target, form, signatures, body


def flipped(text: bytes) -> Iterator[bytes]:
    for place, byte in enumerate(text):
        for bit in range(8):
            yield text[:place] + bytes([byte ^ (1 << bit)]) + text[place + 1 :]


def signed(callback: Callback, value: str, name: str = SIGNATURE) -> Callback:
    return replace(callback, headers={**callback.headers, name: value})


def changed_signatures(callback: Callback, name: str) -> Changes:
    right = callback.headers[name]
    digest = bytes.fromhex(right) if len(right) in (40, 64) else b64decode(right)
    written = {digest.hex(), digest.hex().upper(), base64(digest), digest.decode("latin-1")}
    near = {right[:end] for end in range(len(right))} | {right[start:] for start in range(1, 9)}
    near |= {right.upper(), right.lower(), right.swapcase(), right.rstrip("="), right + "="}
    near |= {right + " ", " " + right, right * 2, f'"{right}"', f"sha1={right}", f"{right},{right}"}
    bits = {text.decode("latin-1") for text in flipped(right.encode())}
    for value in (written | near | bits) - {right}:
        yield signed(callback, value, name)


def changed_targets(callback: Callback) -> Changes:
    target = callback.target
    targets = {bits.decode("latin-1") for bits in flipped(target.encode())}
    for place, char in enumerate(target):
        before, after = target[:place], target[place + 1 :]
        targets |= {before + put + after for put in ("", char.swapcase(), f"%{ord(char):02X}")}
    path, _, query = target.partition("?")
    targets |= {path.upper(), f"{path}/?{query}", f"/{target}", f"{path}/../x?{query}"}
    targets |= {f"{path}??{query}", f"{target}?", f"{target}&", f"{target}&a=b", f"{target}#rt=9"}
    for other in targets - {target}:
        yield replace(callback, target=other)


def changed_origins(callback: Callback) -> Changes:
    for origin in ORIGINS:
        yield replace(callback, origin=origin)


def changed_kinds(callback: Callback) -> Changes:
    """Another method or another type for the same content."""
    for method in ("GET", "POST"):
        for kind in (*KINDS, *FORM.values(), *JSON.values()):
            headers = {**callback.headers, "content-type": kind}
            yield replace(callback, method=method, headers=headers)


def signed_for_another(callback: Callback, key: str) -> Changes:
    """Signatures properly made: with another account's key, or for another origin; or with the
    right key for the bare URL, which is what a vendor's package falls back to.
    """
    others = [key.lower(), key[:-1], key + "0", key.removeprefix("PSK_"), f" {key}", "PSK_other"]
    for other in (*others, ""):
        yield resigned(callback, other)
    for origin in ORIGINS:
        yield resigned(callback, key, origin)
    path = callback.target.partition("?")[0]
    for url in {ORIGIN + callback.target, ORIGIN + path, ORIGIN + path.upper()}:
        for value in (base64(mac(url, key)), mac(url, key).hex()):
            if callback.method == "POST" or url != ORIGIN + callback.target:
                yield signed(without(callback, SHA256), value)


def resigned(callback: Callback, key: str, origin: str = ORIGIN) -> Callback:
    """The request as if signed with this key for this origin."""
    url = origin + callback.target
    if callback.method == "GET" or callback.is_form:
        fields = () if callback.method == "GET" else callback.fields
        return signed(callback, base64(mac(url + signed_string(fields), key)))
    text = url.encode() + callback.body
    strong = signed(callback, mac(text, key, "sha256").hex(), SHA256)
    return signed(strong, mac(text, key).hex())


def without(callback: Callback, *names: str) -> Callback:
    """The request without some of its headers."""
    kept = {name: value for name, value in callback.headers.items() if name not in names}
    return replace(callback, headers=kept)


def with_fields(callback: Callback, fields: list[tuple[str, str]]) -> Callback:
    """The request with another form."""
    return replace(callback, body=urlencode(fields).encode())


def merged_fields(callback: Callback) -> Changes:
    """Two neighbours run together in one field, so that the signed string stays the very same."""
    fields = sorted(callback.fields)
    for one, two in pairwise(fields):
        rest = [field for field in fields if field not in (one, two)]
        (name, value), (swallowed, tail) = one, two
        yield with_fields(callback, [*rest, (name, value + swallowed + tail)])
        yield with_fields(callback, [*rest, (name + value + swallowed, tail)])


def fields_cut_in_two(callback: Callback) -> Changes:
    """The end of a value made a field of its own, so that the signed string stays the very same
    where the order of the names allows it. Some texts would: what stays open is told in `splits`.
    """
    fields = list(callback.fields)
    for place, (name, value) in enumerate(fields):
        others = fields[:place] + fields[place + 1 :]
        for cut in range(len(value)):
            yield with_fields(callback, [*others, (name, value[:cut]), (value[cut:], "")])


def changed_fields(callback: Callback) -> Iterator[list[tuple[str, str]]]:
    fields = list(callback.fields)
    for place, (name, value) in enumerate(fields):
        others = fields[:place] + fields[place + 1 :]
        yield others
        yield [*fields, (name, value)]
        yield [*fields, (name, "")]
        for new in ((name, ""), (name, value + " "), (name + " ", value), (name.lower(), value)):
            if new != (name, value):
                yield [*others, new]
    statuses = ("queued", "sending", "received", "no-answer", "busy", "failed", "canceled")
    for status in [*statuses, "Delivered", "delivered ", "completed"]:
        yield [(n, status if n == "FaxStatus" else v) for n, v in fields]
    yield [*fields, ("FaxStatus", "failed")]
    yield [("FaxStatus", "failed"), *fields]
    yield [*fields, ("Extra", "1")]
    yield [*fields, ("", "")]


def moved_to_the_query(callback: Callback) -> Changes:
    """Encoded as a query, plain, and so that the signed string stays the very same."""
    for place, (name, value) in enumerate(callback.fields):
        rest = urlencode([f for n, f in enumerate(callback.fields) if n != place]).encode()
        for moved in (f"&{urlencode({name: value})}", f"&{name}={quote(value)}", name + value):
            yield replace(callback, target=callback.target + moved, body=rest)
    whole = "".join(name + value for name, value in callback.fields)
    yield replace(callback, target=callback.target + whole, body=b"")
    yield replace(callback, target=callback.target + whole, body=b"=")
    yield replace(callback, target=callback.target + whole, body=b"", method="GET")
    yield replace(callback, target=f"{callback.target}&{callback.body.decode()}", body=b"")


def moved_to_the_body(callback: Callback) -> Changes:
    """The end of the query, from any place on, in the writing of either kind of signature."""
    for cut in range(callback.target.find("?"), len(callback.target)):
        target, tail = callback.target[:cut], callback.target[cut:]
        moved = [
            urlencode([(tail, ""), *parse_qsl(callback.body)]).encode(),
            urlencode([("", tail), *parse_qsl(callback.body)]).encode(),
            tail.encode() + callback.body,
        ]
        for body in moved:
            for kind in (FORM, JSON):
                headers = {**callback.headers, **kind}
                changed = replace(
                    callback, method="POST", target=target, body=body, headers=headers
                )
                yield changed
                yield rewritten(changed)


def rewritten(callback: Callback) -> Callback:
    """The same signature in the writing of the other scheme: hex for base64 and back."""
    value = callback.headers[SIGNATURE]
    other = base64(bytes.fromhex(value)) if len(value) == 40 else b64decode(value).hex()
    return signed(without(callback, SHA256), other)


def rewritten_json(body: bytes) -> Iterator[bytes]:
    said = json.loads(body)
    yield json.dumps(said).encode()
    yield json.dumps(said, indent=1).encode()
    yield json.dumps(said, separators=(",", ":"), sort_keys=True).encode()
    yield body + b"\n"
    yield b" " + body
    yield b"\xef\xbb\xbf" + body
    yield body.replace(b"true", b"false")
    yield body.replace(b"/", b"\\/")
    yield body[:-1] + b',"event_type":"calling.call.fax"}'
