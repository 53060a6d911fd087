"""An HTTP server for a fake provider: requests in, answers out, and its faults in between."""

import json
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from faxhooks.simulator.fakes.behaviour import Behaviour, Clock, Dice

LARGEST: Final = 200 * 1024 * 1024
"""Bytes of a request; Fax.Plus takes 150 MB of files."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The fields of a form, repeated ones too."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def json(self) -> dict[str, Any]:
        """The JSON object; raises ValueError when the body is none."""
        value = json.loads(self.body)
        if not isinstance(value, dict):
            raise ValueError("the body is no JSON object")  # noqa: TRY004 (as bad as no JSON)
        return value


@dataclass(frozen=True, slots=True)
class Told:
    """An answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200) -> "Told":
        """An answer in JSON."""
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


class Api(Protocol):
    """What a fake is to its server."""

    behaviour: Behaviour
    clock: Clock
    dice: Dice

    def answer(self, asked: Asked) -> Told:
        """What the provider says to that."""

    def throttled(self) -> Told:
        """How the provider says that it is asked too often."""

    def note(self, asked: Asked, status: int | None) -> None:
        """Remember that it was asked and what it said; None when it said nothing."""


@contextmanager
def serving(api: Api, port: int = 0) -> Iterator[str]:
    """The fake on this machine, for a while; its origin. Port 0 takes any that is free."""
    server = _Server(api, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # A client may keep its connection open for as long as it likes.
    request_queue_size = 128

    def __init__(self, api: Api, port: int) -> None:
        self.api, self.stopping = api, threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, *_: object) -> None:
        """Who hangs up on us is of no interest; anything else is."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60.0
    # A small answer behind its head would wait 40 ms for the client's acknowledgement.
    disable_nagle_algorithm = True

    def serve(self) -> None:
        """One request, through its faults."""
        told = _through_faults(self.server.api, self._asked(), self.server.stopping)
        if told is None:
            self.close_connection = True
            return
        self.send_response(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        if told.status != 204:
            self.send_header("Content-Length", str(len(told.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = serve  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: addresses and forms hold numbers and tokens."""

    def _asked(self) -> Asked:
        length = min(int(self.headers.get("Content-Length") or 0), LARGEST)
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(self.command, parts.path, query, headers, body)


def _through_faults(api: Api, asked: Asked, stopping: threading.Event) -> Told | None:
    """The answer, or what a fault makes of it; None for none at all."""
    faults, fate = api.behaviour, api.dice.random("request")
    told: Told | None
    if fate.random() < faults.throttle:
        told = _with_retry_after(api, api.throttled())
    elif fate.random() < faults.fail:
        told = Told(503, b"<html>Service Unavailable</html>", {"Content-Type": "text/html"})
    elif fate.random() < faults.hang:
        if fate.random() < 0.5:
            api.answer(asked)
        stopping.wait(faults.hang_seconds)
        told = None
    elif fate.random() < faults.garble:
        told = _garbled(api.answer(asked), fate.randrange(3))
    else:
        told = api.answer(asked)
    api.note(asked, told.status if told else None)
    return told


def _with_retry_after(api: Api, told: Told) -> Told:
    said = api.behaviour.retry_after
    if said is None:
        return told
    if said == "date":
        said = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return Told(told.status, told.body, {**told.headers, "Retry-After": said})


def _garbled(told: Told, way: int) -> Told:
    """A page of some proxy, half an answer, or one that says nothing."""
    if way == 0:
        return Told(200, b"<html>Welcome</html>", {"Content-Type": "text/html"})
    body = told.body[: len(told.body) // 2] if way == 1 else b"{}"
    return Told(200, body, {"Content-Type": "application/json"})
