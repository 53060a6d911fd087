"""Numbers: how faxing one of them goes, and what to do about it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import render_template, request
from sqlalchemy.orm import Session

from faxhooks.db.faxlists import FaxFilter, list_page
from faxhooks.domain.errors import NotFoundError
from faxhooks.services.advising import ask_experience
from faxhooks.services.shapes import Shape, present
from faxhooks.web.auth import requires, visible_accounts
from faxhooks.web.dashboard.shell import make_pages
from faxhooks.web.parts import parts

pages = make_pages("numbers")

SHOWN: Final = 10
"""Faxes of each direction that are listed."""
LATEST: Final = 1_000
"""So many of its faxes tell how it goes; older ones say little, and each is a look at the disk."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_DECORATION: Final = re.compile(r"[\s\-().\u00a0\u2010-\u2015]+")


@pages.get("/numbers")
@requires("read")
def index() -> Any:
    """A box to search with, and what is known of the number that was typed."""
    given = request.args.get("number", "").strip()[:50]
    if not given:
        return render_template("numbers.html", given="", fault=None, found=None)
    number = as_number(given)
    if number is None:
        fault = "Give the whole number with its country, as in +13105550101."
        return render_template("numbers.html", given=given, fault=fault, found=None), 400
    try:
        found = parts().database.read(lambda session: _ask(session, number))
    except NotFoundError:
        fault = "Nothing is known of this number: no fax was sent to it, and none came from it."
        return render_template("numbers.html", given=given, fault=fault, found=None), 404
    return render_template("numbers.html", given=given, fault=None, found=found)


def as_number(given: str) -> str | None:
    """What people type, as E.164: without decoration, and with a plus sign for a leading 00."""
    plain = _DECORATION.sub("", given)
    plain = f"+{plain[2:]}" if plain.startswith("00") else plain
    return plain if _E164.fullmatch(plain) else None


def _ask(session: Session, number: str) -> Mapping[str, Any]:
    """All of the page. Raises NotFoundError."""
    visible = visible_accounts()
    experience = ask_experience(session, number, accounts=visible, latest=LATEST)
    sent = FaxFilter(recipients=(number,), visible=visible)
    received = FaxFilter(senders=(number,), visible=visible)
    return {
        "number": number,
        "experience": experience,
        "latest": LATEST,
        "to": _faxes(session, sent),
        "from": _faxes(session, received),
    }


def _faxes(session: Session, wanted: FaxFilter) -> Mapping[str, Any]:
    found, following = list_page(session, wanted, limit=SHOWN)
    return {"faxes": present(session, found, Shape()), "more": following is not None}
