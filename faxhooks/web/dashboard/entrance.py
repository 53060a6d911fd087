"""Signing in and out, and choosing light or dark: what needs no session."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from faxhooks.db.people import list_users
from faxhooks.domain.errors import RefusedError
from faxhooks.services.sessions import end_session, find_visit, sign_in_key, sign_in_user
from faxhooks.web.dashboard.shell import THEME, THEMES, dress
from faxhooks.web.dashboard.visits import (
    client_address,
    given_token,
    keep,
    local_path,
    set_token,
)
from faxhooks.web.parts import parts

entrance = Blueprint("dashboard_entrance", __name__, template_folder="templates")
dress(entrance)

_YEAR = 31_536_000


@entrance.get("/sign-in")
def index() -> str:
    """Ask who it is."""
    return _form()


@entrance.post("/sign-in")
def sign_in() -> Any:
    """Begin a session, and go on to where they were going."""
    form = request.form
    ask = (
        partial(sign_in_key, key=form["key"])
        if "key" in form
        else partial(sign_in_user, name=form.get("name", ""), password=form.get("password", ""))
    )
    try:
        token = ask(parts().database, address=client_address())
    except RefusedError as error:
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
        return _form(str(error)), 429 if error.retry_after else 401, headers
    set_token(token)
    return redirect(local_path(form.get("next", "/")), 303)


@entrance.post("/sign-out")
def sign_out() -> Any:
    """End the session, in this browser and wherever else its cookie may be."""
    token = str(given_token())
    found = parts().database.read(lambda session: find_visit(session, token, datetime.now(UTC)))
    if found is not None:
        actor = found.grant.actor
        parts().database.write(lambda session: end_session(session, token, actor=actor))
    return redirect(url_for("dashboard_entrance.index"), 303)


@entrance.post("/theme")
def choose_theme() -> Any:
    """Light, dark, or whatever the device says."""
    chosen = request.form.get("theme", "")
    response: Any = redirect(local_path(request.form.get("next", "/")), 303)
    if chosen in THEMES:
        keep(response, THEME, chosen, _YEAR)
    return response


def _form(fault: str | None = None) -> str:
    """With the way open that they are likely to take: where there is no user, by key."""
    given = request.form if request.method == "POST" else request.args
    by_key = "key" in request.form or not parts().database.read(list_users)
    return render_template(
        "sign_in.html",
        by_key=by_key,
        fault=fault,
        name=request.form.get("name", ""),
        next=local_path(given.get("next", "/")),
    )
