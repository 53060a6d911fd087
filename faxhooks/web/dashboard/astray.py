"""An address that no route knows: for a person's browser a page with the way back."""

from datetime import UTC, datetime
from typing import Final

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from faxhooks.domain.errors import UnavailableError
from faxhooks.services.sessions import find_visit
from faxhooks.web.dashboard.faults import http_fault
from faxhooks.web.dashboard.shell import finish
from faxhooks.web.dashboard.visits import given_token
from faxhooks.web.errors import http_problem
from faxhooks.web.parts import parts

_MACHINES: Final = ("/api/", "/hooks/")
_ANSWERS: Final = ("application/problem+json", "text/html")


def register_astray(app: Flask) -> None:
    """Programs are told as before; who asks for a page by the wrong method is astray as well."""
    for status in (404, 405):
        app.register_error_handler(status, _answer)


def _answer(error: HTTPException) -> Response:
    if request.path.startswith(_MACHINES) or not _is_browser():
        return http_problem(error)
    _recognize()
    return finish(http_fault(error))


def _is_browser() -> bool:
    """Whoever takes anything, as programs do, is given what programs read."""
    return request.accept_mimetypes.best_match(_ANSWERS) == "text/html"


def _recognize() -> None:
    """Whoever is signed in keeps the navigation, if the database can tell that they are."""
    token, now = given_token(), datetime.now(UTC)
    try:
        visit = token and parts().database.read(lambda session: find_visit(session, token, now))
    except UnavailableError:
        return
    if visit:
        g.grant = visit.grant
