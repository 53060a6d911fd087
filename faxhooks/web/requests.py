"""What every request gets: an id, a clock, and one line in the log."""

import re
import time
from http import HTTPMethod
from typing import Final

from flask import Flask, Response, g, request
from uuid_utils.compat import uuid4

from faxhooks import logs

_REQUEST_ID: Final = re.compile(r"[0-9A-Fa-f-]{32,64}")
"""What proxies make, such as a UUID; what else a client may call its request is not logged."""

FIXED_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
"""What every answer has."""

_METHODS: Final = frozenset(HTTPMethod)


def register_requests(app: Flask) -> None:
    """Note the beginning and the end of each request; routes are logged, addresses are not."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id(given: str) -> str:
    """The id that a request came with, where it looks like one, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def log_request(method: str, route: str | None, status: int, started: float) -> None:
    """The one line of a request, which began at this time.perf_counter()."""
    logs.tell(
        "request",
        __name__,
        {
            "method": method if method in _METHODS else "other",
            "route": route,
            "status": status,
            "duration_ms": round((time.perf_counter() - started) * 1000, 1),
        },
    )


def _begin() -> None:
    g.request_id = request_id(request.headers.get("X-Request-ID", ""))
    g.started = time.perf_counter()
    logs.begin(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    response.headers.update(FIXED_HEADERS)
    route = request.url_rule.rule if request.url_rule else None
    log_request(request.method, route, response.status_code, g.started)
    return response
