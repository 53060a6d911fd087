"""Answers that go on: server-sent events, so many at a time, that end when the process does.

What such an answer says is an iterator of bytes and of pauses. A server that has a thread for
it sleeps through them here; one that has an event loop takes them over, and wakes it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from flask import Response, request

from faxhooks.domain.errors import UnavailableError
from faxhooks.services.watching import Pause
from faxhooks.web.errors import problem

Said = bytes | Pause

MAX_STREAMS: Final = 100
"""Open streams of one process, where each holds one of its threads."""
MAX_AWAITED: Final = 500
"""The same where they hold none. Half of the connections that a process keeps, since a stream makes
room for nobody, and who comes would take that of another who has just begun.
"""

AWAITS: Final = "faxhooks.awaits"
"""What a request finds in its environment when the server takes pauses over."""

_streams = threading.BoundedSemaphore(MAX_STREAMS)
_awaited = threading.BoundedSemaphore(MAX_AWAITED)


def open_stream(said: Iterator[Said]) -> Response:
    """These events as an answer, or 503 when too many such are open already.

    A database that goes away ends it; the client comes back with the last id it has.
    """
    awaits = AWAITS in request.environ
    streams = _awaited if awaits else _streams
    if not streams.acquire(blocking=False):
        headers = {"Retry-After": "5"}
        return problem(503, "Too many streams are open here; try again.", headers=headers)
    pieces = _until_trouble(said) if awaits else _slept(_until_trouble(said), stopping())
    response = Response(pieces, content_type="text/event-stream; charset=utf-8")  # type: ignore[arg-type]
    response.call_on_close(streams.release)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # Else a proxy of nginx's kind collects it.
    return response


def stopping() -> Callable[[], bool]:
    """Whether this process was asked to end; the server puts it into the request."""
    event: threading.Event | None = request.environ.get("faxhooks.stopping")
    return event.is_set if event is not None else bool


def _until_trouble(said: Iterator[Said]) -> Iterator[Said]:
    with suppress(UnavailableError):
        yield from said


def _slept(said: Iterator[Said], ending: Callable[[], bool]) -> Iterator[bytes]:
    for word in said:
        if isinstance(word, Pause):
            word.wait(ending)
        else:
            yield word
