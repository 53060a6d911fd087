"""The genuine requests, changed in every way we could think of: none may be believed."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError
from faxhooks.providers.signalwire import SignalWire

from .requests import (
    ADAPTER,
    FORM,
    JSON,
    KEY,
    ORIGIN,
    SHA256,
    SIGNATURE,
    VECTORS,
    base64,
    mac,
    vector,
)

FORM_POST, QUERY, RELAY = VECTORS
Changes = Iterator[Callback]


def count_refused(changes: Changes, adapter: SignalWire = ADAPTER) -> int:
    """How many changed requests there were; every one of them must be refused."""
    tried, accepted = 0, []
    for changed in changes:
        tried += 1
        try:
            adapter.verify(changed)
        except AuthenticityError:
            continue
        accepted.append(changed)
    assert accepted == []
    return tried


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
    hosts = ["hooks.example.com:8443", "hooks.example.com:80", "HOOKS.example.com", "example.com"]
    hosts += ["hooks.example.com.", "user:pass@hooks.example.com", "hooks.example.com:4430"]
    for origin in ["http://hooks.example.com", "HTTPS://hooks.example.com", "https://", ""]:
        yield replace(callback, origin=origin)
    for host in hosts:
        yield replace(callback, origin=f"https://{host}")


@pytest.mark.parametrize("name", VECTORS)
def test_no_other_signature_is_accepted(name):
    assert count_refused(changed_signatures(vector(name), SIGNATURE)) > 250


def test_no_other_sha256_signature_is_accepted():
    assert count_refused(changed_signatures(vector(RELAY), SHA256)) > 500


@pytest.mark.parametrize("name", VECTORS)
def test_no_other_url_is_accepted(name):
    callback = vector(name)
    assert count_refused(changed_targets(callback)) > 200
    assert count_refused(changed_origins(callback)) == 11


@pytest.mark.parametrize("name", VECTORS)
def test_no_other_key_is_accepted(name):
    keys = [KEY.lower(), KEY[:-1], KEY + "0", KEY.removeprefix("PSK_"), f" {KEY}", "PSK_other"]
    for key in keys:
        assert count_refused(iter([vector(name)]), SignalWire((key,))) == 1


def test_no_other_form_is_accepted_unless_it_says_the_same():
    """Of a percent-encoded byte, the case is free, and nothing else."""
    genuine = vector(FORM_POST)
    different = [
        replace(genuine, body=body)
        for body in flipped(genuine.body)
        if _fields(body) != _fields(genuine.body)
    ]
    assert count_refused(iter(different)) > 3_500


def _fields(body: bytes) -> list[tuple[str, str]]:
    return sorted(parse_qsl(body.decode("latin-1"), keep_blank_values=True))


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


def test_no_field_may_be_dropped_changed_repeated_or_added():
    genuine = vector(FORM_POST)
    changes = [replace(genuine, body=urlencode(f).encode()) for f in changed_fields(genuine)]
    assert count_refused(iter(changes)) > 90


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


def test_no_field_may_move_from_the_body_to_the_query():
    assert count_refused(moved_to_the_query(vector(FORM_POST))) == 3 * 13 + 4


def test_no_part_of_the_query_may_move_into_the_body():
    """Cut anywhere after the path, even where the signed string stays the same."""
    tried = 0
    for name in (FORM_POST, QUERY):
        callback = vector(name)
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
                    tried += count_refused(iter([changed, _rewritten(changed)]))
    assert tried > 4_000


def _rewritten(callback: Callback) -> Callback:
    """The same signature in the writing of the other scheme: hex for base64 and back."""
    value = callback.headers[SIGNATURE]
    kept = {name: text for name, text in callback.headers.items() if name != SHA256}
    other = base64(bytes.fromhex(value)) if len(value) == 40 else b64decode(value).hex()
    return replace(callback, headers={**kept, SIGNATURE: other})


def test_a_form_may_not_be_sent_as_json_nor_json_as_a_form_or_query():
    """Though hex and base64 write the same signature, and the signed strings are the same."""
    posted, said = vector(FORM_POST), vector(RELAY)
    run_together = "".join(name + value for name, value in posted.fields)
    json_post = replace(posted, body=run_together.encode(), headers={**posted.headers, **JSON})
    bare = json_post.target.partition("?")[0]
    unmarked = signed(replace(json_post, target=bare), mac(ORIGIN + bare + run_together).hex())
    text = said.body.decode()
    as_form = [
        replace(said, body=urlencode(cut).encode(), headers={**said.headers, **FORM})
        for cut in ([(text, "")], [("", text)], [(text[:9], text[9:])])
    ]
    as_query = replace(said, method="GET", target=said.target + text, body=b"")
    changes = [_rewritten(changed) for changed in (json_post, *as_form, as_query)]
    assert count_refused(iter([unmarked, *changes])) == 6


def test_a_query_may_not_be_posted_nor_a_form_be_got():
    posted, got = vector(FORM_POST), vector(QUERY)
    path, _, query = got.target.partition("?")
    changes = [replace(got, method="POST"), replace(posted, method="GET")]
    changes += [replace(posted, method="GET", body=b"")]
    for kind in (FORM, JSON, {"content-type": ""}):
        headers = {**got.headers, **kind}
        changes += [replace(got, method="POST", headers=headers, body=posted.body)]
        changes += [replace(got, method="POST", headers=headers)]
        changes += [replace(got, method="POST", headers=headers, target=path, body=query.encode())]
    changes += [replace(posted, headers={**posted.headers, "content-type": kind}) for kind in KINDS]
    assert count_refused(iter(changes)) == 3 + 9 + len(KINDS)


KINDS = ["", "application/json", "text/plain", "multipart/form-data; boundary=x"]


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


def test_no_other_json_is_accepted_not_even_the_same_in_another_writing():
    genuine = vector(RELAY)
    assert count_refused(replace(genuine, body=b) for b in rewritten_json(genuine.body)) == 9
    assert count_refused(replace(genuine, body=b) for b in flipped(genuine.body)) > 5_000
    cut = (genuine.body[:end] for end in range(len(genuine.body)))
    assert count_refused(replace(genuine, body=b) for b in cut) > 600
