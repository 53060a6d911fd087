"""Callbacks: what providers sent, what each did, and what was turned away."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from flask import redirect, render_template, url_for
from sqlalchemy.orm import Session

from faxhooks.db.callbacklists import get_described, list_page, tally_reasons
from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import describe_fax
from faxhooks.domain.callback import FORM, MAX_FIELDS
from faxhooks.domain.errors import InvalidInputError, NotFoundError
from faxhooks.domain.fax import Verdict
from faxhooks.services.exhibiting import (
    callback_content,
    callback_summary,
    legible,
    read_content,
)
from faxhooks.services.explaining import tally_refusals
from faxhooks.services.shapes import Shape, present
from faxhooks.web.auth import actor, requires, visible_accounts
from faxhooks.web.dashboard.addresses import address, escaped, next_page, with_query
from faxhooks.web.dashboard.inbox import (
    EVIDENCES,
    TITLES,
    VERDICTS,
    Asked,
    form,
    read_address,
    tidy_words,
)
from faxhooks.web.dashboard.shell import make_pages
from faxhooks.web.parts import cursors, parts

pages = make_pages("callbacks")

SHOWN: Final = 10
"""Faxes of one callback that are linked to; nearly all speak of one."""

_MOST_REASONS: Final = 20
_UNREAD: Final = Verdict.UNRECOGNIZED.value


@pages.get("/callbacks")
@requires("read")
def index() -> Any:
    """The inbox, by the filters in the address."""
    tidy = tidy_words()
    if tidy is not None:
        return redirect(with_query(url_for(".index"), tidy), 303)
    asked = read_address()
    return render_template("callbacks.html", **_listed(asked), **form(url_for(".index")))


@pages.errorhandler(InvalidInputError)
def _explain(error: InvalidInputError) -> Any:
    """What is wrong with the address, above the form where it can be mended."""
    said = str(error)
    fault = f"{said[:1].upper()}{said[1:]}."
    return render_template("callbacks.html", **form(url_for(".index")), fault=fault), 400


@pages.get("/callbacks/<uuid:callback_id>")
@requires("read")
def show(callback_id: UUID) -> str:
    """One callback without its content."""
    accounts = visible_accounts()
    row = parts().database.read(
        lambda session: get_described(session, callback_id, content=False, accounts=accounts)
    )
    return _page(row, callback_summary(row))


@pages.get("/callbacks/<uuid:callback_id>/content")
@requires("raw")
def show_content(callback_id: UUID) -> str:
    """The same with its query, headers and body; that somebody saw them is audited."""
    accounts, who = visible_accounts(), actor()
    row = parts().database.write(
        lambda session: read_content(session, callback_id, actor=who, accounts=accounts)
    )
    return _page(row, callback_content(row))


def _listed(asked: Asked) -> dict[str, Any]:
    now, here = datetime.now(UTC), url_for(".index")
    after = cursors().read(asked.wanted, asked.cursor) if asked.cursor else None
    reasons_shown = _MOST_REASONS if _verdict(asked) == _UNREAD else 0 if asked.filters else 5

    def ask(session: Session) -> Any:
        page = list_page(session, asked.wanted, limit=asked.limit, after=after)
        refused = tally_refusals(session, now, visible=asked.wanted.visible)
        unread = replace(asked.wanted, verdicts=(Verdict.UNRECOGNIZED,))
        return page, refused, tally_reasons(session, unread, limit=reasons_shown)

    (rows, position), refused, reasons = parts().database.read(ask)
    following = cursors().make(asked.wanted, position) if position else None
    return {
        "callbacks": [callback_summary(row) for row in rows],
        "following": next_page(here, asked.words, following),
        "first": address(here, asked.words) if asked.cursor else None,
        "refused": refused,
        "reasons": [
            (each, address(here, asked.words, verdict=_UNREAD, reason=escaped(each.reason)))
            for each in reasons
        ],
        "replayed": address(url_for("dashboard_replays.replay_many"), asked.words),
    }


def _verdict(asked: Asked) -> str | None:
    return asked.words.get("verdict")


def _page(row: Any, shown: dict[str, Any]) -> str:
    return render_template(
        "callback.html",
        callback=shown,
        faxes=_faxes(row.id),
        fields=_fields(shown) if "body" in shown else [],
        verdicts=VERDICTS,
        evidences=EVIDENCES,
        titles=TITLES,
    )


def _faxes(callback_id: UUID) -> Sequence[Mapping[str, Any]]:
    """What it speaks of; nothing where only another release knows its provider."""
    visible = visible_accounts()
    try:
        found = parts().replayer.list_faxes(callback_id)[:SHOWN]
    except NotFoundError:
        return []

    def ask(session: Session) -> Sequence[Mapping[str, Any]]:
        rows = [get_fax(session, fax_id, accounts=visible) for fax_id in found]
        return present(session, [describe_fax(session, row) for row in rows], Shape())

    return parts().database.read(ask)


def _fields(shown: dict[str, Any]) -> list[tuple[str, str]]:
    """A form or a query as names and values, which nobody reads with percent signs; none where
    it is neither.
    """
    kind = shown["headers"].get("content-type", "").partition(";")[0].strip().lower()
    text = shown["query"] if shown["method"] == "GET" else shown["body_text"]
    if shown["method"] != "GET" and kind != FORM:
        return []
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:  # More of them than any provider sends; the body is shown as it is.
        return []
    # What was written with percent signs may be what no screen should obey.
    return [(legible(name.encode()), legible(value.encode())) for name, value in pairs]
