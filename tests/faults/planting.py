"""Numbers, names, keys and tokens, put wherever a request has room for them."""

import json
import random
import socket
import string
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from tests.story import SECRET, SIGNING_KEY, Api, Hook

METRICS: Final = "metrics-token-of-this-proof-0123456789"
SIGNALWIRE: Final = (
    *("FaxSid", "FaxStatus", "From", "To", "RemoteStationId", "ErrorCode", "ErrorMessage"),
    *("MediaUrl", "NumPages", "Direction", "AccountSid", "ApiVersion", "Timestamp"),
)
FAXPLUS: Final = ("id", "uid", "from", "to", "status", "pages", "duration", "cost", "file_name")
HEADERS: Final = (
    *("Authorization", "User-Agent", "Referer", "Cookie", "X-Request-ID", "X-Forwarded-For"),
    *("Last-Event-ID", "If-None-Match", "Accept", "Content-Type", "X-SignalWire-Signature"),
)
PATHS: Final = (
    *("/{}", "/api/v1/{}", "/api/v1/faxes/{}", "/api/v1/numbers/{}", "/api/v1/faxes/{}/history"),
    *("/hooks/signalwire/{}", "/hooks/{}/x", "/hooks/faxplus/{}/more", "/healthz/{}"),
    *("/api/v1/faxes?to={}", "/api/v1/faxes?{}=1", "/api/v1/faxes?cursor={}"),
    *("/api/v1/faxes?status={}", "/api/v1/faxes?tag.{0}={0}", "/api/v1/callbacks?fax={}"),
    *("/api/v1/stats?from={}", "/api/v1/changes?after={}", "/healthz?{}"),
)
SPOKEN: Final = (
    "GET /stumble/{}?{} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    *("GET /{} HTTP/1.1 {}\r\nHost: h\r\n\r\n", "{} / HTTP/1.1\r\nHost: h\r\n\r\n"),
    *("GET / {}\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n{} : x\r\n\r\n"),
    "POST /{} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n",
    "POST /{} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {}\r\n\r\n",
    "POST /{} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n",
)


@dataclass(frozen=True)
class Planted:
    """What is sent, and the letters and digits of it that must be nowhere."""

    values: tuple[str, ...]
    needles: tuple[str, ...]

    @classmethod
    def drawn(cls, dice: random.Random, count: int) -> "Planted":
        """A name, a number and a key, in the first so many of the ways they are written in."""
        name, key = _letters(dice, 9).capitalize(), _letters(dice, 24)
        number = f"{dice.randrange(201, 990)}{dice.randrange(2 * 10**6, 10**7)}"
        area, office, line = number[:3], number[3:6], number[6:]
        local = (number[3:], f"{office}-{line}", f"{office} {line}", f"{office}.{line}")
        values = (
            *(f"Jane {name}", f"1{number}", key, f"+1{number}", f"+1 ({area}) {office}-{line}"),
            *(f"{area}-{office}-{line}", f"{area} {office} {line}", f"{name}@example.com"),
            *(f"fhk_{key}", f"PSK_{key}", f"PT{key}"),
        )
        return cls(values[:count], (name, key, *local))

    @classmethod
    def known(cls, hook: Hook, api: Api) -> "Planted":
        """The service's own secrets."""
        urls = (hook.signalwire_account.hook_url, hook.faxplus_account.hook_url)
        tokens = [url.rpartition("/")[2] for url in urls]
        return cls((), (*tokens, api.key, SIGNING_KEY, SECRET, METRICS))

    def seen_in(self, place: str, said: Any) -> Iterator[str]:
        """`place`, for each that is found in a text or in an answer that is an error."""
        text = (said if isinstance(said, str) else _error(said)).lower()
        yield from (place for needle in self.needles if needle.lower() in text)


def told(hook: Hook, planted: Planted) -> Iterator[Any]:
    """Authentic callbacks with a value in each field, and as a field's name."""
    for number, value in enumerate(planted.values):
        for name in SIGNALWIRE:
            fields = {"FaxSid": f"s{number}{name}", "FaxStatus": "busy", name: value}
            yield hook.signalwire(**fields)
        yield hook.signalwire(**{"FaxSid": f"n{number}", "FaxStatus": "busy", value: "x"})
        yield hook.signalwire_get(FaxSid=f"g{number}", FaxStatus=value, To=value)
        yield hook.relay({"event_type": value, "params": {value: value, "fax": value}})
        for name in FAXPLUS:
            yield (
                hook.faxplus(f"p{number}{name}", "success", **{"extra": value, name: value})
                if (name not in ("id", "status"))
                else hook.faxplus_raw(_faxplus(name, value))
            )
        yield hook.faxplus("e", "success", event=value, event_time=value)
        yield hook.faxplus_raw(value.encode(), value)
        yield hook.faxplus_raw(json.dumps({value: value}).encode())


def stumbles(hook: Hook, api: Api, planted: Planted) -> Iterator[Any]:
    """Requests over which the service fails on purpose, quoting all of them."""
    for value in planted.values:
        yield hook.signalwire(FaxSid=f"stumble {value}", FaxStatus="busy", To=value)
        yield hook.faxplus(f"stumble {value}", "success", to=value)
        yield hook.signalwire(FaxSid=f"trip {value}", FaxStatus="busy", To=value)
        headers = {"X-Stumble": quote(value), "Authorization": f"Bearer {api.key}"}
        where = f"/api/v1/faxes?to={quote(value)}"
        yield api.transport.send("GET", where, headers, value.encode())


def strangers(network: Any, port: int, api: Api, planted: Planted) -> Iterator[Any]:
    """Requests that are refused, one way or another, and some that are not quite HTTP."""
    for value in planted.values:
        key = {"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"}
        for path in PATHS:
            yield network.send("GET", path.format(quote(value)), key, b"")
            yield network.send("POST", path.format(quote(value)), {}, value.encode())
        for header in HEADERS:
            for path in ("/api/v1/faxes/x", "/hooks/signalwire/x", "/readyz/x"):
                yield network.send("POST", path, {**key, header: value}, value.encode())
        for body in ({"tags": {value: value}}, {value: value}, {"account": value}):
            said = json.dumps(body).encode()
            yield network.send("POST", "/api/v1/callbacks/replay", key, said)
            some = f"/api/v1/faxes/{'0' * 8}-0000-7000-8000-{'0' * 12}"
            yield network.send("PATCH", some, key, said)
        for request in SPOKEN:
            yield _spoken(port, request.format(quote(value), quote(value)))
            yield _spoken(port, request.format(value, value))


def _faxplus(name: str, value: str) -> bytes:
    said = {"id": "f", "status": "success", name: value}
    return json.dumps({"hook": {"id": value, "event": "fax_sent"}, "data": said}).encode()


def _spoken(port: int, request: str) -> str:
    """What is answered to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
    return answer.decode("utf-8", "replace")


def _error(answer: Any) -> str:
    """All of an answer that is an error; but that a client with a key is told the name of the
    parameter or of the member which it made up is meant so.
    """
    if answer.status_code < 400:
        return ""
    body: str = answer.text
    if answer.headers.get("Content-Type") == "application/problem+json":
        problem = answer.json()
        problem["errors"] = [fault["detail"] for fault in problem.get("errors", ())]
        body = json.dumps(problem, ensure_ascii=False)
    return f"{answer.headers} {body}"


def _letters(dice: random.Random, count: int) -> str:
    return "".join(dice.choices(string.ascii_letters, k=count))
