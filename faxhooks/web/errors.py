"""Every error of the API as problem+json (RFC 9457): what is wrong and what to do next."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, json, request
from werkzeug.exceptions import HTTPException

from faxhooks.domain.errors import (
    ChangedError,
    ConflictError,
    InvalidBodyError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from faxhooks.providers.sending import InvalidOrderError

log = structlog.get_logger()

RETRY_AFTER = "2"
"""Seconds after which to try again when the database does not answer."""


def problem(
    status: int,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document. `errors` name each fault by `parameter` or JSON `pointer`."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": g.get("request_id"),
    }
    if errors:
        body["errors"] = errors
    return Response(json.dumps(body), status, headers, content_type="application/problem+json")


def register_errors(app: Flask) -> None:
    """Answer everything that is raised; nothing of the request is echoed."""
    app.register_error_handler(HTTPException, http_problem)
    app.register_error_handler(NotFoundError, lambda error: problem(404, f"{error}."))
    app.register_error_handler(InvalidInputError, _invalid)
    app.register_error_handler(InvalidBodyError, _invalid_body)
    app.register_error_handler(InvalidOrderError, _invalid_order)
    app.register_error_handler(ConflictError, lambda error: problem(409, f"{error}."))
    app.register_error_handler(ChangedError, lambda error: problem(412, f"{error}."))
    app.register_error_handler(UnavailableError, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def http_problem(error: HTTPException) -> Response:
    """Werkzeug's and webargs' errors; the headers (`Allow`, `Retry-After`) stay.

    A provider is told no reasons, also where its request reached no route.
    """
    messages = getattr(error, "data", {}).get("messages", {})
    faults = [fault for where, found in messages.items() for fault in _faults(where, found)]
    detail = (
        "The request is not valid; see `errors`." if faults else _DETAILS.get(error.code or 500)
    )
    kept = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    if request.path.startswith("/hooks/"):
        return Response(status=error.code, headers=kept)
    return problem(error.code or 500, detail or str(error.description), errors=faults, headers=kept)


_INVALID = "The request is not valid; see `errors`."
_DETAILS = {
    404: "There is nothing at this address; see the API's documentation for the paths.",
    405: "This address does not take the method; see the `Allow` header.",
    500: "Something went wrong here. Nothing of it is your fault; quote the request id.",
}


def _faults(where: str, found: Any) -> list[dict[str, str]]:
    """Webargs' nested messages, flattened: a parameter's name, or a pointer into the body."""
    if where != "query":
        return _pointed("", found)
    return [{"parameter": name, "detail": _sentence(texts)} for name, texts in found.items()]


def _pointed(pointer: str, found: Any) -> list[dict[str, str]]:
    """A JSON pointer (RFC 6901) to each fault; `_schema` is marshmallow's word for the whole."""
    if not isinstance(found, dict):
        return [{"pointer": pointer, "detail": _sentence(found)}]
    faults = []
    for name, inner in found.items():
        step = str(name).replace("~", "~0").replace("/", "~1")
        faults += _pointed(pointer if name == "_schema" else f"{pointer}/{step}", inner)
    return faults


def _sentence(texts: Any) -> str:
    if isinstance(texts, dict):
        texts = [text for inner in texts.values() for text in inner]
    return " ".join(str(text) for text in texts) if isinstance(texts, list) else str(texts)


def _invalid(error: InvalidInputError) -> Response:
    fault = {"parameter": error.field, "detail": str(error)}
    return problem(400, _INVALID, errors=[fault])


def _invalid_body(error: InvalidBodyError) -> Response:
    return problem(422, _INVALID, errors=[{"pointer": error.field, "detail": str(error)}])


def _invalid_order(error: InvalidOrderError) -> Response:
    errors = [{"pointer": f"/{each.field}", "detail": each.message} for each in error.faults]
    return problem(422, _INVALID, errors=errors)


def _unavailable(error: UnavailableError) -> Response:
    log.warning("database_unavailable", error=type(error.__cause__).__name__)
    headers = {"Retry-After": RETRY_AFTER}
    return problem(503, "The database does not answer; try again.", headers=headers)


def _unexpected(error: Exception) -> Response:
    """Ours to mend: logged with its traceback, answered without it."""
    if current_app.config["PROPAGATE_EXCEPTIONS"]:
        raise error
    log.exception("request_failed")
    return problem(500, _DETAILS[500])
