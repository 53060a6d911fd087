"""Answers that go on: server-sent events, so many at a time, that end when the process does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from flask import Response, request

from faxhooks.domain.errors import UnavailableError
from faxhooks.web.errors import problem

MAX_STREAMS: Final = 100
"""Open streams of one process; each holds one of its threads."""

_streams = threading.BoundedSemaphore(MAX_STREAMS)


def open_stream(said: Iterator[bytes]) -> Response:
    """These events as an answer, or 503 when too many such are open already.

    A database that goes away ends it; the client comes back with the last id it has.
    """
    if not _streams.acquire(blocking=False):
        headers = {"Retry-After": "5"}
        return problem(503, "Too many streams are open here; try again.", headers=headers)
    response = Response(_until_trouble(said), content_type="text/event-stream; charset=utf-8")
    response.call_on_close(_streams.release)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # Else a proxy of nginx's kind collects it.
    return response


def stopping() -> Callable[[], bool]:
    """Whether this process was asked to end; the server puts it into the request."""
    event: threading.Event | None = request.environ.get("faxhooks.stopping")
    return event.is_set if event is not None else bool


def _until_trouble(said: Iterator[bytes]) -> Iterator[bytes]:
    with suppress(UnavailableError):
        yield from said
