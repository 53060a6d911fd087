"""What every page shares: who may open it, its headers, and what its template may ask for."""

import hashlib
import re
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, current_app, g, request, url_for
from markupsafe import Markup, escape

from faxhooks.services.masking import masked_number
from faxhooks.services.wording import FLAG_NAMES, REASON_WORDS, STATUS_WORDS, advise
from faxhooks.web.auth import may, may_open
from faxhooks.web.dashboard.faults import register_faults
from faxhooks.web.dashboard.visits import (
    FORM_FIELD,
    check_forms,
    form_token,
    guard_pages,
    keep_token,
)
from faxhooks.web.parts import parts

STATIC: Final = Path(__file__).with_name("static")
THEME: Final = "faxhooks_theme"
THEMES: Final = ("auto", "light", "dark")
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_NAVIGATION: Final = ("Today", "Faxes", "Callbacks", "Numbers", "Accounts")
"""In this order; each is there once a blueprint `dashboard_<name>` has a route `index`."""


def make_pages(name: str) -> Blueprint:
    """The blueprint of some pages for people who have signed in; each route says by
    `requires` which scope it needs, as those of the API do.
    """
    blueprint = Blueprint(f"dashboard_{name}", __name__, template_folder="templates")
    guard_pages(blueprint)
    dress(blueprint)
    return blueprint


def dress(blueprint: Blueprint) -> None:
    """Give pages their headers, their errors, and forms that are checked."""
    check_forms(blueprint)
    register_faults(blueprint)
    blueprint.after_request(set_headers)


def finish(response: Response) -> Response:
    """What is done to the answer of each page, for one that no blueprint gives."""
    return keep_token(set_headers(response))


def register_shell(app: Any) -> None:
    """What templates may ask for."""
    app.jinja_env.filters["spelled"] = _spelled
    app.jinja_env.globals.update(
        asset=_asset,
        form_field=FORM_FIELD,
        form_token=form_token,
        hides_numbers=hides_numbers,
        link_to=_link_to,
        may=may,
        masked=masked,
        navigation=_navigation,
        theme=_theme,
        flag_names=FLAG_NAMES,
        reason_words=REASON_WORDS,
        status_words=STATUS_WORDS,
        advise=advise,
        release=lambda: parts().release,
    )


def masked(number: str | None) -> str | None:
    """A number as this reader may see it: masked for viewers where the setting says so.

    Who has the scope `raw` may read callbacks, which hold the numbers, and so sees them.
    """
    return masked_number(number) if number is not None and hides_numbers() else number


def hides_numbers() -> bool:
    """Whether numbers are masked for this reader."""
    return bool(current_app.config["MASK_NUMBERS"]) and not may("raw")


def _spelled(text: str) -> Markup:
    """A message that is also the API's or the command line's, its `code` set as a page sets it."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 (escaped)


def _asset(name: str) -> str:
    """The address of a static file; it changes with what it holds, so it is kept for ever."""
    return url_for("dashboard_assets.show", digest=DIGEST, name=name)


def _navigation() -> list[dict[str, Any]]:
    """The pages this reader may open."""
    if "grant" not in g:
        return []
    found = [(title, f"dashboard_{title.lower()}") for title in _NAVIGATION]
    return [
        {"title": title, "url": url_for(f"{name}.index"), "here": _is_at(url_for(f"{name}.index"))}
        for title, name in found
        if may_open(f"{name}.index")
    ]


def _is_at(url: str) -> str | None:
    """How `aria-current` says that this is the page, or one below it."""
    if request.path == url:
        return "page"
    return "true" if request.path.startswith(f"{url}/") else None


def _link_to(endpoint: str, **values: Any) -> str | None:
    """The address of a page of this dashboard, None where this reader may not open it."""
    return url_for(endpoint, **values) if may_open(endpoint) else None


def _theme() -> str:
    chosen = request.cookies.get(THEME, "auto")
    return chosen if chosen in THEMES else "auto"


def set_headers(response: Response) -> Response:
    """What a page may load and do, and that nobody keeps it."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


def _digest() -> str:
    found = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


DIGEST: Final = _digest()
