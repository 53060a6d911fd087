"""The two ways into the service, in this process and under gunicorn."""

import asyncio
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, TestResponse

from faxhooks.web.bridge import TARGET
from faxhooks.web.door import Door

ROOT: Final = Path(__file__).parents[1]
WSGI: Final = "wsgi"
ASGI: Final = "asgi"

WORKERS: Final[Mapping[str, str]] = {WSGI: "gthread", ASGI: "faxhooks.web.server.Worker"}
"""What serves each."""
DOORS: Final[Mapping[str, str]] = {WSGI: "wsgi:app", ASGI: "asgi:app"}
BROKEN: Final[Mapping[str, str]] = {
    WSGI: "tests.faults.broken:app",
    ASGI: "tests.faults.broken:door",
}
"""The same of a service that is broken on purpose."""
SHIPPED: Final = next(
    door for door, app in DOORS.items() if app in (ROOT / "Procfile").read_text().split()
)
"""The one that the Procfile opens."""


def gunicorn(door: str, apps: Mapping[str, str] = DOORS) -> list[str]:
    """The command that serves this door of these."""
    started = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    return [*started, "--worker-class", WORKERS[door], apps[door]]


def transport(door: str, app: Flask) -> Any:
    """Takes requests into the application by this door, without a network."""
    return Native(app) if door == ASGI else InProcess(app.test_client())


@dataclass
class InProcess:
    """Requests straight into the WSGI application."""

    client: Any

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any:
        return self.client.open(target, method=method, headers=dict(headers), data=body)


class Native:
    """Requests straight into the ASGI application, as gunicorn hands them over."""

    def __init__(self, app: Flask) -> None:
        self._door = Door(app, app.extensions["faxhooks"])

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any:
        lines = [
            (name.lower().encode("latin-1"), v.encode("latin-1")) for name, v in headers.items()
        ]
        lines.append((b"content-length", str(len(body)).encode()))
        sending = self._send(scope_of(method, target, lines), body)
        return asyncio.run_coroutine_threadsafe(sending, _loop()).result()

    async def _send(self, scope: dict[str, Any], body: bytes) -> Any:
        parts = [{"type": "http.request", "body": body[:9], "more_body": True}]
        parts.append({"type": "http.request", "body": body[9:]})
        said: list[Any] = []

        async def receive() -> dict[str, Any]:
            if parts:
                return parts.pop(0)
            await asyncio.Event().wait()  # The client stays.
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        await self._door(scope, receive, send)
        headers = [(name.decode(), value.decode("latin-1")) for name, value in said[0]["headers"]]
        content = [each.get("body", b"") for each in said[1:]]
        request = EnvironBuilder().get_request()
        return TestResponse(content, str(said[0]["status"]), Headers(headers), request)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all, as in a process of the service."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def scope_of(method: str, target: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Of a request; the target is as it was sent, its bytes as latin-1."""
    raw, _, query = target.encode("latin-1").partition(b"?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": query,
        TARGET: target,
        "headers": headers,
    }
