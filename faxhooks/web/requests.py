"""What every request gets: an id, a clock, and one line in the log."""

import re
import time
from http import HTTPMethod
from typing import Final
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger()

_REQUEST_ID: Final = re.compile(r"[0-9A-Fa-f-]{32,64}")
"""What proxies make, such as a UUID; what else a client may call its request is not logged."""

_METHODS: Final = frozenset(HTTPMethod)


def register_requests(app: Flask) -> None:
    """Note the beginning and the end of each request; routes are logged, addresses are not."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    log.info(
        "request",
        method=request.method if request.method in _METHODS else "other",
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        duration_ms=round((time.perf_counter() - g.started) * 1000, 1),
    )
    return response
