"""What went wrong, as a page that says what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from flask import Blueprint, Response, current_app, g, render_template
from werkzeug.exceptions import HTTPException

from faxhooks.domain.errors import InvalidInputError, NotFoundError, UnavailableError

log = structlog.get_logger()

_TITLES: Final[Mapping[int, str]] = {
    400: "That was not understood",
    403: "This is not open to you",
    404: "Nothing is here",
    405: "This is no page",
    413: "That was too large",
    500: "Something broke",
    503: "Not now",
}
_ABSENT: Final = "What was here once was removed, or belongs to an account that you may not see."


def fault(status: int, said: str) -> Response:
    """A page with this status; whoever is not signed in sees no navigation on it."""
    page = render_template(
        "fault.html",
        title=_TITLES.get(status) or HTTPStatus(status).phrase,
        said=said[:1].upper() + said[1:],
        request_id=g.get("request_id"),
    )
    return Response(page, status, content_type="text/html; charset=utf-8")


def register_faults(blueprint: Blueprint) -> None:
    """Answer whatever this blueprint's routes raise with a page."""
    blueprint.register_error_handler(HTTPException, http_fault)
    blueprint.register_error_handler(NotFoundError, lambda error: fault(404, f"{error}. {_ABSENT}"))
    blueprint.register_error_handler(InvalidInputError, lambda error: fault(400, f"{error}."))
    blueprint.register_error_handler(UnavailableError, _unavailable)
    blueprint.register_error_handler(Exception, _unexpected)


def http_fault(error: HTTPException) -> Response:
    """Werkzeug's errors as a page; the headers `Allow` and `Retry-After` stay."""
    response = fault(error.code or 500, _DETAILS.get(error.code or 500) or str(error.description))
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    response.headers.update(kept)
    return response


_DETAILS = {
    404: "There is nothing at this address. Begin again with Today.",
    405: "This address is not one to open by itself. Begin again with Today.",
    413: "The form is too large. Shorten what you wrote and send it again.",
    500: "It is not your fault. Tell whoever runs faxhooks, and quote the request id.",
}


def _unavailable(error: UnavailableError) -> Response:
    log.warning("database_unavailable", error=type(error.__cause__).__name__)
    response = fault(503, "The database does not answer. Wait a moment, then load the page anew.")
    response.headers["Retry-After"] = "2"
    return response


def _unexpected(error: Exception) -> Response:
    """Ours to mend: logged with its traceback, answered without it."""
    if current_app.config["PROPAGATE_EXCEPTIONS"]:
        raise error
    log.exception("request_failed")
    return fault(500, _DETAILS[500])
