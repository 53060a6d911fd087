"""Recorded SignalWire callbacks, and signed ones made to order.

Signing is written here once more, by the guides on webhook security, and shares nothing with
the adapter.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from faxhooks.domain.callback import Callback
from faxhooks.providers.signalwire import SignalWire

KEY: Final = "PSK_faxhooksTestKey0123456789"
ORIGIN: Final = "https://hooks.example.com"
HOOK: Final = "/hooks/signalwire/TOKEN"
ARRIVED: Final = datetime(2026, 1, 13, 21, 54, 47, tzinfo=UTC)
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
JSON: Final = {"content-type": "application/json"}
SIGNATURE: Final = "x-signalwire-signature"
SHA256: Final = "x-signalwire-sha256-signature"
ADAPTER: Final = SignalWire((KEY,), hook_url=ORIGIN + HOOK)

_HERE: Final = Path(__file__).parent
RECORDED: Final = sorted(path.stem for path in _HERE.glob("*.http"))
VECTORS: Final = {
    vector["id"]: vector for vector in json.loads((_HERE / "vectors.json").read_text())
}

Fields = Mapping[str, str] | Iterable[tuple[str, str]]


def mac(text: str | bytes, key: str = KEY, hash_name: str = "sha1") -> bytes:
    signed = text.encode() if isinstance(text, str) else text
    return hmac.new(key.encode(), signed, getattr(hashlib, hash_name)).digest()


def base64(digest: bytes) -> str:
    return b64encode(digest).decode()


def signed_string(fields: Fields) -> str:
    """What a form adds to its URL."""
    return "".join(name + value for name, value in sorted(_pairs(fields)))


def request(
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
    target: str = HOOK,
    origin: str = ORIGIN,
) -> Callback:
    return Callback(method, origin, target, dict(headers or {}), body, ARRIVED)


def form(fields: Fields, target: str = HOOK, key: str = KEY, signed_for: str = ORIGIN) -> Callback:
    """A form with the signature that SignalWire would give it."""
    pairs = _pairs(fields)
    signature = base64(mac(signed_for + target + signed_string(pairs), key))
    return request(urlencode(pairs).encode(), {**FORM, SIGNATURE: signature}, target=target)


def query(fields: Fields, key: str = KEY) -> Callback:
    """The same parameters in the query of a GET."""
    target = f"{HOOK}?{urlencode(_pairs(fields), quote_via=quote_plus)}"
    return request(b"", {SIGNATURE: base64(mac(ORIGIN + target, key))}, "GET", target)


def relay(said: Any, target: str = HOOK, key: str = KEY) -> Callback:
    """JSON, or any other body, with both signatures."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    signed = (ORIGIN + target).encode() + body
    signatures = {SIGNATURE: mac(signed, key).hex(), SHA256: mac(signed, key, "sha256").hex()}
    return request(body, {**JSON, **signatures}, target=target)


def fax_post(kind: str = "finished", params: Any = None, **changes: Any) -> dict[str, Any]:
    """The documented status post with another end; `...` leaves a parameter out."""
    post = json.loads(VECTORS["V3_json_raw_body"]["body"])
    fax = post["params"]["fax"]
    known = fax["params"] if params is None else params
    fax["params"] = {k: v for k, v in (known | changes).items() if v is not ...}
    fax["type"] = kind
    return post


def vector(name: str) -> Callback:
    """One of the genuine requests in `vectors.json`."""
    found = VECTORS[name]
    headers = found.get("headers") or {found["header"]: found["signature"]}
    if "content_type" in found:
        headers = {"content-type": found["content_type"], **headers}
    return request(
        found["body"].encode(),
        {header.lower(): value for header, value in headers.items()},
        found["method"],
        found["url"].removeprefix(ORIGIN),
    )


def recorded(name: str) -> Callback:
    """The request of one `.http` file; its lines of origin come first and start with `#`."""
    head, _, body = (_HERE / f"{name}.http").read_bytes().partition(b"\n\n")
    lines = [line for line in head.decode().splitlines() if not line.startswith("#")]
    method, target, _ = lines[0].split(" ")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return request(body, {key.lower(): value for key, value in headers.items()}, method, target)


def _pairs(fields: Fields) -> list[tuple[str, str]]:
    return list(fields.items() if isinstance(fields, Mapping) else fields)
