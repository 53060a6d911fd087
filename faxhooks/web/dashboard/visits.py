"""Who is looking: the cookie of a session, and the proof that a form was one of ours.

One cookie holds a random token. Once somebody has signed in it is that of their session; the
proof in a form is made of it, so no other site can make one, before the sign-in or after.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog
from flask import Blueprint, Response, current_app, g, redirect, request, url_for
from sqlalchemy.orm import Session

from faxhooks.db.people import touch_session
from faxhooks.domain.errors import UnavailableError
from faxhooks.services.keys import Grant
from faxhooks.services.sessions import find_visit, token_hash
from faxhooks.web.auth import admit
from faxhooks.web.dashboard.faults import fault
from faxhooks.web.parts import parts

log = structlog.get_logger()
View = TypeVar("View", bound=Callable[..., Any])

FORM_FIELD: Final = "form_token"
MOST_OF_A_FORM: Final = 64_000
_ASK: Final = "Ask whoever runs faxhooks, or sign out and in again as somebody who may."
_UNATTENDED: Final = "_faxhooks_unattended"
_TOKEN: Final = range(40, 65)
"""How long a token may be that we take from a cookie; ours has 43 characters."""


def unattended(view: View) -> View:
    """A route that pages ask by themselves: it keeps no session alive, and never redirects."""
    setattr(view, _UNATTENDED, True)
    return view


def guard_pages(blueprint: Blueprint) -> None:
    """Let no request of this blueprint through without a session that may open its route."""
    blueprint.before_request(_enter)


def check_forms(blueprint: Blueprint) -> None:
    """Take no form of this blueprint that is not one of ours."""
    blueprint.before_request(_check_form)
    blueprint.after_request(keep_token)


def form_token() -> str:
    """The proof that goes into each form."""
    return hmac.new(_token().encode(), b"a form of faxhooks", hashlib.sha256).hexdigest()


def given_token() -> str | None:
    """The token that the request's cookie holds, if it holds one."""
    token = request.cookies.get(cookie_name(), "")
    return token if len(token) in _TOKEN and token.isascii() else None


def set_token(token: str) -> None:
    """Let the answer to this request set the cookie."""
    g.token = g.token_to_keep = token


def cookie_name() -> str:
    """Over https with the prefix that keeps other hosts of the domain from setting it."""
    return "__Host-faxhooks" if _is_https() else "faxhooks"


def keep(response: Response, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie that no script reads and no other site sends with a form."""
    response.set_cookie(
        name, value, max_age=seconds, secure=_is_https(), httponly=True, samesite="Lax"
    )


def local_path(path: str) -> str:
    """A path of this site to go on to; the front page where it leads anywhere else."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain else "/"


def client_address() -> str:
    """Where the request comes from: behind a proxy what that one saw, and wrote last.

    That there is a proxy is known from `PUBLIC_URL`: faxhooks itself speaks no https.
    """
    seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return seen[:64] if seen and _is_https() else str(request.remote_addr)


def _enter() -> Response | None:
    token, now = given_token(), datetime.now(UTC)
    visit = token and parts().database.read(lambda session: find_visit(session, token, now))
    if not token or not visit:
        return _ask_to_sign_in()

    def renew(session: Session) -> Grant | None:
        found = find_visit(session, token, datetime.now(UTC))
        return found.grant if found else None

    refusal = admit(visit.grant, renew)
    if refusal is not None:
        g.grant = visit.grant
        return fault(403, f"{refusal} {_ASK}")
    if visit.stale and not _is_unattended():
        _note_visit(token, now, visit.grant.holder_id)
    return None


def _ask_to_sign_in() -> Response:
    if _is_unattended():
        return Response(status=401)
    asked = request.full_path.rstrip("?") if request.method == "GET" else "/"
    address = url_for("dashboard_entrance.index", next=None if asked == "/" else asked)
    return redirect(address, 303)  # type: ignore[return-value]


def _note_visit(token: str, now: datetime, holder_id: UUID) -> None:
    """A database that only reads still shows its pages."""
    hashed = token_hash(token)
    try:
        parts().database.write(lambda session: touch_session(session, hashed, now), seconds=1)
    except UnavailableError:
        log.warning("visit_not_noted", holder_id=str(holder_id))


def _check_form() -> Response | None:
    if request.method not in ("POST", "PUT", "PATCH", "DELETE"):
        return None
    request.max_content_length = MOST_OF_A_FORM
    given = request.form.get(FORM_FIELD, "")
    if given_token() and hmac.compare_digest(given.encode(), form_token().encode()):
        return None
    said = (
        "This form is too old, or the browser keeps no cookies of this site. Go back, load the "
        f"page anew and send it again. If that does not help, open {parts().public_url}."
    )
    return fault(400, said)


def keep_token(response: Response) -> Response:
    """Set the cookie, if the request has made a new token."""
    token: str | None = g.pop("token_to_keep", None)
    if token is not None:
        keep(response, cookie_name(), token)
    return response


def _token() -> str:
    if "token" not in g:
        token = given_token()
        if token is None:
            set_token(secrets.token_urlsafe(32))
        else:
            g.token = token
    return str(g.token)


def _is_unattended() -> bool:
    view = current_app.view_functions[str(request.endpoint)]
    return bool(getattr(view, _UNATTENDED, False))


def _is_https() -> bool:
    return parts().public_url.startswith("https://")
