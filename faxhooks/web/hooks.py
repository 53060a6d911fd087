"""Where providers call: Flask ends here, a Callback begins.

Nothing but a body the provider expects is ever answered: no reasons, no echo, no redirect
(the signed URL would change), never 410 (it unsubscribes hooks of the REST-hook kind).
"""

from datetime import UTC, datetime
from typing import Final

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError, NotFoundError, UnavailableError
from faxhooks.services.refusing import Refusals
from faxhooks.web.errors import RETRY_AFTER
from faxhooks.web.parts import parts

log = structlog.get_logger()

MAX_BODY: Final = 64 * 1024
"""Bytes of a callback's body; the largest documented ones are a few kilobytes."""

ROUTE: Final = "/hooks/<provider>/<token>"

hooks = Blueprint("hooks", __name__)


@hooks.route(ROUTE, methods=["GET", "POST"], strict_slashes=False)
def receive(provider: str, token: str) -> Response:
    """Keep a callback, then answer."""
    if request.method == "HEAD" or (request.method == "GET" and not request.query_string):
        parts().receiver.check(provider, token)
        return Response(status=200)
    reply = parts().receiver.receive(provider, token, _callback())
    return Response(reply.body, status=200, content_type=reply.content_type)


def _callback() -> Callback:
    return Callback(
        method=request.method,
        origin=parts().public_url,
        target=_target(),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=_body(),
        received_at=datetime.now(UTC),
    )


def _target() -> str:
    """The path and query as sent, which is what was signed; never Flask's decoded ones."""
    raw = str(request.environ.get("RAW_URI") or request.environ["REQUEST_URI"])
    if raw.startswith("/"):
        return raw
    return "/" + raw.partition("://")[2].partition("/")[2]


def _body() -> bytes:
    """All of the body or a refusal.

    One byte more than the limit is asked for, since a chunked body has no length to look
    at, and werkzeug's own limit would cut it silently. A connection that ends early is no
    end of a body: the server hands over what came of one with a length, and raises errors of
    its own for one in chunks.
    """
    announced = request.content_length or 0
    if announced > MAX_BODY:
        raise RequestEntityTooLarge
    try:
        body = request.stream.read(MAX_BODY + 1)
    except Exception as error:
        raise ClientDisconnected from error
    if len(body) > MAX_BODY:
        raise RequestEntityTooLarge
    if len(body) < announced:
        raise ClientDisconnected
    return bytes(body)


@hooks.errorhandler(Exception)
def _refused(error: Exception) -> Response:
    status, headers = refuse(error, parts().receiver.refusals)
    return Response(status=status, headers=headers)


def refuse(error: Exception, refusals: Refusals) -> tuple[int, dict[str, str]]:
    """The status and the headers that such a request is answered with; counted as refused,
    but for what is not authentic, which the receiver has counted with its account.
    """
    if isinstance(error, UnavailableError):
        refusals.count("unavailable")
        return 503, {"Retry-After": RETRY_AFTER}
    if isinstance(error, AuthenticityError):
        return 403, {}
    if isinstance(error, NotFoundError):
        refusals.count("unknown_token")
        return 404, {}
    log.exception("request_failed")
    refusals.count("internal")
    return 500, {}


@hooks.errorhandler(HTTPException)
def _http(error: HTTPException) -> Response:
    parts().receiver.refusals.count(str(error.code))
    kept = [(name, value) for name, value in error.get_headers() if name == "Allow"]
    return Response(status=error.code, headers=kept)
