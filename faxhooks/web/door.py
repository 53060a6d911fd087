"""A second door for hooks: the same receiver, entered ahead of Flask, without a thread each.

Flask's own machinery is a good part of what a callback costs, and so is a thread that waits
for the disk. This ASGI application takes callbacks natively and hands every other request,
also the odd ones to a hook's address, to the Flask application in a pool of threads; so there
is one definition of the routes, and nothing that this door decides for itself. What it
answers is the same to the byte: `tests/web/test_door.py` asks both.
"""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from flask import Flask
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from faxhooks import logs
from faxhooks.domain.callback import Callback
from faxhooks.services.parts import Parts
from faxhooks.web.bridge import Bridge, Receive, Scope, Send, target_of
from faxhooks.web.hooks import MAX_BODY, ROUTE, refuse
from faxhooks.web.requests import FIXED_HEADERS, log_request, request_id

_HOOK: Final = re.compile(r"/hooks/([^/]+)/([^/]+)/?")
_PLAIN: Final = {"Content-Type": "text/html; charset=utf-8"}
"""What Flask says of an answer without a body."""


class Door:
    """The ASGI application over a Flask one and the parts that it serves."""

    def __init__(self, site: Flask, parts: Parts) -> None:
        self._parts = parts
        self._site = Bridge(site)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the server's start and stop."""
        found = _HOOK.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None or not _is_callback(scope):
            await self._site(scope, receive, send)
            return
        started = time.perf_counter()
        headers = _headers(scope)
        own_id = request_id(headers.get("x-request-id", ""))
        logs.begin(request_id=own_id)
        status, answered, body = await self._answer(found, scope, headers, receive)
        answered |= {"Content-Length": str(len(body)), "X-Request-ID": own_id}
        lines = [*map(_line, answered.items()), *_FIXED]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": body})
        log_request(scope["method"], ROUTE, status, started)

    async def _answer(
        self, found: re.Match[str], scope: Scope, headers: Mapping[str, str], receive: Receive
    ) -> tuple[int, dict[str, str], bytes]:
        """Its status, headers and body."""
        try:
            body = await _read(headers, receive)
        except HTTPException as error:
            self._parts.receiver.refusals.count(str(error.code))
            return error.code or 400, {**_PLAIN}, b""
        callback = Callback(
            method=scope["method"],
            origin=self._parts.public_url,
            target=target_of(scope),
            headers=headers,
            body=body,
            received_at=datetime.now(UTC),
        )
        try:
            reply = await self._parts.receiver.receive_soon(found[1], found[2], callback)
        except Exception as error:  # noqa: BLE001 (all of them are told apart there)
            status, more = refuse(error, self._parts.receiver.refusals)
            return status, _PLAIN | more, b""
        return 200, {"Content-Type": reply.content_type}, reply.body


def _line(header: tuple[str, str]) -> tuple[bytes, bytes]:
    return header[0].lower().encode(), header[1].encode()


_FIXED: Final = [*map(_line, FIXED_HEADERS.items())]


def _is_callback(scope: Scope) -> bool:
    """Whether it is what the route keeps; any other request is Flask's to answer."""
    return scope["method"] == "POST" or (scope["method"] == "GET" and bool(scope["query_string"]))


def _headers(scope: Scope) -> dict[str, str]:
    """With lower-case names; of one that comes twice the values are joined, as WSGI does it."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        plain, text = name.decode("latin-1"), value.decode("latin-1")
        headers[plain] = f"{headers[plain]},{text}" if plain in headers else text
    return headers


async def _read(headers: Mapping[str, str], receive: Receive) -> bytes:
    """All of the body. Raises RequestEntityTooLarge for one of which no more is read than that
    takes, and ClientDisconnected for one that is cut.
    """
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_BODY:
        raise RequestEntityTooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise RequestEntityTooLarge
        if not message.get("more_body", False):
            return bytes(body)
