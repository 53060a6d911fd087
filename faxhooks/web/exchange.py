"""A request and its answer, as uvicorn takes one and sends the other, but for clients that close
their side, that leave, or that speak HTTP/1.0.
"""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

log = logging.getLogger(__name__)


class Outlet:
    """Writes the head of an answer together with what follows it at once, since each write is
    a packet of its own, and costs as much as reading the request.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, method: str
    ) -> None:
        self.close, self.is_closing = transport.close, transport.is_closing
        self._write = transport.write
        self._loop = loop
        # What follows a head is said to be nothing by an empty body, but for this method.
        self._is_first = method != "HEAD"
        self._head = b""
        self._later: asyncio.Handle | None = None

    def write(self, data: bytes) -> None:
        """The first time it is the head, which is held until the loop has its next turn."""
        if self._is_first:
            self._is_first = False
            self._head = data
            self._later = self._loop.call_soon(self._flush)
        elif self._later is not None:
            self._later.cancel()
            self._flush(data)
        else:
            self._write(data)

    def _flush(self, data: bytes = b"") -> None:
        self._later = None
        self._write(self._head + data)


class Exchange(RequestResponseCycle):
    """A request and its answer; the client may have closed its side and still await it."""

    has_ended = _is_read = False

    def end(self) -> None:
        """Nothing more comes from the client."""
        self.has_ended = True
        self.message_event.set()

    async def receive(self) -> Any:
        """What is here already is handed over first; what is missing then is cut."""
        if self.has_ended and not self.body and (self.more_body or self._is_read):
            return {"type": "http.disconnect"}
        message = await super().receive()
        self._is_read = not message.get("more_body")
        return message

    async def run_asgi(self, app: Any) -> None:
        """An answer that was begun and not ended is cut, so that it does not look whole."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # The client has left.
            self.transport.close()
        except Exception:
            log.exception("request_failed")
            if self.response_started:
                self.transport.close()
            else:
                await self.send_500_response()
        finally:
            self.on_response = lambda: None


class OldExchange(Exchange):
    """One with a client of HTTP/1.0, who knows no chunks: what has no length ends with the
    connection.
    """

    _is_sized = True

    def end(self) -> None:
        """An answer without a length is not cut for it, since it would look whole."""
        if self.more_body:
            super().end()

    async def send(self, message: Any) -> None:
        if not self.response_started:
            self._is_sized = b"content-length" in dict(message.get("headers", ()))
            self.chunked_encoding = None if self._is_sized else False
        if not self._is_sized:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
