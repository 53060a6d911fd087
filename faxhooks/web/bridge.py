"""The Flask application behind an event loop.

A request takes a thread once the beginning of it is here, so that who sends slowly holds none,
and gives it back with the end of its answer. An answer that goes on takes one for each of its
words and none for its pauses, so that open streams cost hooks and pages nothing; it ends as
soon as its client leaves, or the process has to stop.
"""

import asyncio
import contextvars
import io
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import ClientDisconnected

from faxhooks.services.watching import Pause
from faxhooks.web.streams import AWAITS, Said

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_THREADS: Final = 256
"""Requests at once, as by the other door; threads that are not needed are never started."""
_SPEAKERS: Final = 2
"""Threads in which open streams say their words, so that they never take them all."""
_ENOUGH: Final = 64 * 1024
"""Bytes of a request that are awaited before it takes a thread, and of an answer in one piece."""
_LOOK_SECONDS: Final = 0.25
"""How often open streams look whether the process has to stop."""


TARGET: Final = "faxhooks.target"
"""Where a scope has the target as it was sent, if the server knows it."""


class Bridge:
    """The ASGI application over a WSGI one."""

    def __init__(self, site: Any) -> None:
        self._site = site
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="site")
        self._speakers = ThreadPoolExecutor(_SPEAKERS, thread_name_prefix="stream")
        self._stopped: asyncio.Future[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the server's start and stop."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            body = _Body(receive, asyncio.get_running_loop())
            await body.begin()
            await self._answer(_Answer(self._site, _environ(scope, body)), receive, send)

    async def _answer(self, answer: "_Answer", receive: Receive, send: Send) -> None:
        piece = await _run(self._threads, answer.next_piece)
        await send({"type": "http.response.start", **answer.head})
        if not piece.ends:
            left = asyncio.ensure_future(_until_left(receive))
            try:
                piece = await self._go_on(answer, piece, send, left)
            finally:
                left.cancel()
                self._threads.submit(answer.close)
        await send({"type": "http.response.body", "body": piece.said})

    async def _go_on(
        self, answer: "_Answer", piece: "_Piece", send: Send, left: asyncio.Future[None]
    ) -> "_Piece":
        """The last piece, once all others are sent. Raises CancelledError when the client has
        left: what is cut must not look as if it were whole.
        """
        executor = self._threads
        while not piece.ends:
            if piece.said:
                more = {"type": "http.response.body", "body": piece.said, "more_body": True}
                await _unless(send(more), left)
            if piece.pause:
                await _unless(piece.pause.wait_soon(), left, self._stop_of(answer))
                executor = self._speakers
            if left.done():
                raise asyncio.CancelledError
            piece = await _run(executor, answer.next_piece)
        return piece

    def _stop_of(self, answer: "_Answer") -> asyncio.Future[None]:
        """What is done when the process has to stop."""
        if self._stopped is None or self._stopped.done():
            event: threading.Event | None = answer.environ.get("faxhooks.stopping")
            self._stopped = asyncio.ensure_future(_until_set(event or threading.Event()))
        return self._stopped


@dataclass(frozen=True, slots=True)
class _Piece:
    """What an answer said up to its end, to a pause or until it was enough."""

    said: bytes
    ends: bool
    pause: Pause | None = None


class _Answer:
    """What the application answers; its pieces are made in threads, one after the other."""

    def __init__(self, site: Any, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.head: dict[str, Any] = {}
        self._site = site
        self._said: Iterator[Said] | None = None
        self._context = contextvars.copy_context()
        self._turn = threading.Lock()

    def next_piece(self) -> _Piece:
        """The next one; closes the answer after the last one and after trouble."""
        with self._turn:
            try:
                piece = self._context.run(self._collect)
            except BaseException:
                self._close()
                raise
            if piece.ends:
                self._close()
            return piece

    def close(self) -> None:
        """Once nobody reads it any more; a piece that is being made is waited for."""
        with self._turn:
            self._close()

    def _close(self) -> None:
        if self._said is not None:
            self._context.run(getattr(self._said, "close", lambda: None))
        self._said = iter(())

    def _collect(self) -> _Piece:
        if self._said is None:
            self._said = self._site(self.environ, self._start)
        said: list[bytes] = []
        size = 0
        for word in self._said:
            if isinstance(word, Pause):
                return _Piece(b"".join(said), ends=False, pause=word)
            said.append(word)
            size += len(word)
            if size >= _ENOUGH:
                return _Piece(b"".join(said), ends=False)
        return _Piece(b"".join(said), ends=True)

    def _start(self, status: str, headers: list[tuple[str, str]], _trouble: Any = None) -> None:
        lines = [(name.lower().encode("latin-1"), v.encode("latin-1")) for name, v in headers]
        self.head = {"status": int(status[:3]), "headers": lines}


class _Body(io.RawIOBase):
    """The body of a request, which a thread reads as it comes in; cut is none."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive = receive
        self._loop = loop
        self._here = bytearray()
        self._more = True
        self._cut = False

    async def begin(self) -> None:
        """Wait for the end of it, or for as much as a thread is worth."""
        while self._more and len(self._here) < _ENOUGH:
            await self._hear()

    async def _hear(self) -> None:
        message = await self._receive()
        self._cut = message["type"] == "http.disconnect"
        self._here += message.get("body", b"")
        self._more = message.get("more_body", False)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._more and not self._here:
            asyncio.run_coroutine_threadsafe(self._hear(), self._loop).result()
        if self._cut and not self._here:
            raise ClientDisconnected
        size = min(len(buffer), len(self._here))
        buffer[:size] = self._here[:size]
        del self._here[:size]
        return size


def target_of(scope: Scope) -> str:
    """The path and query as sent. ASGI alone would not tell a last `?` from none."""
    if TARGET in scope:
        return str(scope[TARGET])
    query = scope["query_string"]
    raw = scope["raw_path"] + (b"?" + query if query else b"")
    return str(raw.decode("latin-1"))


def _environ(scope: Scope, body: _Body) -> dict[str, Any]:
    """What gunicorn makes of the same request for WSGI."""
    raw, query = scope["raw_path"], scope["query_string"].decode("latin-1")
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": target_of(scope),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BufferedReader(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        AWAITS: True,
    }
    if stopping := scope.get("state", {}).get("faxhooks.stopping"):
        environ["faxhooks.stopping"] = stopping
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


async def _run(executor: Executor, work: Callable[[], _Piece]) -> _Piece:
    return await asyncio.get_running_loop().run_in_executor(executor, work)


async def _unless(doing: Awaitable[None], *ends: asyncio.Future[None]) -> None:
    """Do it, but no longer than until one of these is done."""
    task = asyncio.ensure_future(doing)
    try:
        await asyncio.wait({task, *ends}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until_set(event: threading.Event) -> None:
    while not event.is_set():
        await asyncio.sleep(_LOOK_SECONDS)


async def _live(receive: Receive, send: Send) -> None:
    """Nothing is to be done at the start or the end of the server."""
    while True:
        asked = (await receive())["type"]
        await send({"type": f"{asked}.complete"})
        if asked == "lifespan.shutdown":
            return
