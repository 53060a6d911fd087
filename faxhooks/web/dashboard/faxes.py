"""Faxes: the list, filtered by its address, page after page, or taken away whole."""

from typing import Any, Final

from flask import redirect, render_template, request, url_for
from marshmallow import ValidationError
from sqlalchemy.orm import Session

from faxhooks.db.accounts import list_accounts
from faxhooks.db.faxlists import Sort
from faxhooks.domain.fax import Direction, Outcome
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.wording import EVIDENCE_NAMES, FLAG_NAMES, REASON_WORDS, STATUS_WORDS
from faxhooks.web.api.exports import csv_export, ndjson_export
from faxhooks.web.auth import requires, visible_accounts
from faxhooks.web.dashboard.addresses import address, given, next_page, with_query
from faxhooks.web.dashboard.finding import MOST, find, find_fax, typed, words_of_form
from faxhooks.web.dashboard.listing import list_faxes, read
from faxhooks.web.dashboard.shell import make_pages
from faxhooks.web.dashboard.visits import unattended
from faxhooks.web.parts import parts

pages = make_pages("faxes")

COLUMNS: Final = {
    "status": "Status",
    "reason": "Reason",
    "pages": "Pages",
    "account": "Account",
    "created_at": "First heard of",
    "from": "From",
    "to": "To",
    "direction": "Direction",
    "outcome": "Outcome",
    "finished_at": "Ended",
    "updated_at": "Last heard of",
    "evidence": "Evidence",
    "flags": "Flags",
    "tags": "Tags",
    "provider": "Provider",
    "provider_fax_id": "Provider's id",
    "references": "All ids",
    "provider_status": "Provider's word",
    "error": "Provider's error",
    "remote_station_id": "Other machine",
    "duration": "On the line",
    "cost": "Cost",
    "events": "Events",
    "media_url": "Document",
    "id": "Our id",
}
"""Every field of a fax by the API's name, with its heading."""
USUAL: Final = ("status", "reason", "pages", "account", "created_at")

OUTCOMES: Final = {
    Outcome.SUCCESS: "Arrived",
    Outcome.FAILURE: "Failed",
    Outcome.PENDING: "Open",
    Outcome.UNKNOWN: "Unconfirmed",
    Outcome.CANCELED: "Canceled",
}
DIRECTIONS: Final = {Direction.OUTBOUND: "Sent", Direction.INBOUND: "Received"}
NAMED: Final = {"outcome": OUTCOMES, "direction": DIRECTIONS, "evidence": EVIDENCE_NAMES}
"""Fields whose values are words of the API, with ours for them."""
SORTS: Final = {
    Sort.NEWEST: "Newest first",
    Sort.CREATED: "Oldest first",
    Sort.LATEST: "Last heard of first",
    Sort.UPDATED: "Last heard of last",
}
LABELS: Final = {
    "status": "Status",
    "outcome": "Outcome",
    "reason": "Reason",
    "provider": "Provider",
    "account": "Account",
    "direction": "Direction",
    "to": "To",
    "from": "From",
    "provider_fax_id": "Provider's id",
    "flag": "Flag",
    "created_after": "First heard after",
    "created_before": "First heard before",
    "updated_after": "Last heard after",
    "updated_before": "Last heard before",
}


@pages.get("/faxes")
@requires("read")
def index() -> Any:
    """The list."""
    shown = _shown()
    return render_template("faxes.html", **shown, **_form()), 400 if shown["faults"] else 200


@pages.get("/faxes/parts")
@requires("read")
@unattended
def show_parts() -> str:
    """What of it changes, for a page that is open."""
    return render_template("faxes_parts.html", **_shown())


@pages.get("/faxes/find")
@requires("read")
def find_faxes() -> Any:
    """The address of the list that a form asks for; a search goes on to the one thing it means,
    or shows all of them.
    """
    words = words_of_form(request.args)
    text = words.pop("search", "")[:MOST].replace("\0", "")
    if words.get("fields") == ",".join(USUAL):
        del words["fields"]
    if not text:
        return redirect(with_query(url_for(".index"), words), 303)

    def ask(session: Session) -> tuple[Any, Any]:
        fax_id = find_fax(session, text)
        return fax_id, [] if fax_id else find(session, text)

    fax_id, found = parts().database.read(ask)
    if fax_id is not None:
        return redirect(url_for(".show", fax_id=fax_id), 303)
    links = [(said, with_query(url_for(".index"), asked)) for said, asked in found]
    if len(links) == 1:
        return redirect(links[0][1], 303)
    return render_template("faxes_found.html", text=text, links=links)


@pages.get("/faxes.csv")
@requires("read")
def export_csv() -> Any:
    """All of the list for a spreadsheet."""
    return _export(csv_export)


@pages.get("/faxes.ndjson")
@requires("read")
def export_ndjson() -> Any:
    """All of the list, a line for each fax."""
    return _export(ndjson_export)


@pages.errorhandler(ValidationError)
def _explain(_: ValidationError) -> Any:
    """An export whose address is wrong leads to the list, where it can be mended."""
    return redirect(f"{url_for('.index')}?{request.query_string.decode('latin-1')}", 303)


def _export(write: Any) -> Any:
    asked = read(request.args)
    return write(asked.wanted, **asked.exported)


def _shown() -> dict[str, Any]:
    words, here = given(), url_for(".index")
    asked, listed = list_faxes(request.args)
    chosen = asked.columns if asked else ()
    return {
        "faults": listed.faults,
        "faxes": listed.faxes,
        "columns": [(name, COLUMNS[name]) for name in chosen or USUAL],
        "named": NAMED,
        "words": words,
        "following": next_page(here, words, listed.following),
        "first": address(here, words) if "cursor" in words else None,
        "here": here,
    }


def _form() -> dict[str, Any]:
    """What the filters offer, and where the links beside them lead."""
    words, here = given(), url_for(".index")
    visible = visible_accounts()
    rows = parts().database.read(list_accounts)
    accounts = [row.label for row in rows if visible is None or row.id in visible]
    return {
        "chips": [
            (
                f"{LABELS.get(name, name)}: {_said(name, value)}",
                address(here, words, **{name: None}),
            )
            for name, value in words.items()
            if name in LABELS or name.startswith("tag.")
        ],
        "outcomes": [
            (said, address(here, words, outcome=name), words.get("outcome") == name)
            for name, said in [(None, "All"), *OUTCOMES.items()]
        ],
        "exports": [
            (said, address(url_for(f".{view}"), words))
            for said, view in (("CSV", "export_csv"), ("NDJSON", "export_ndjson"))
        ],
        "choices": {
            "status": STATUS_WORDS,
            "reason": REASON_WORDS,
            "direction": DIRECTIONS,
            "account": dict(zip(accounts, accounts, strict=True)),
            "provider": dict(zip(PROVIDERS, PROVIDERS, strict=True)),
            "flag": FLAG_NAMES,
            "sort": SORTS,
        },
        "labels": LABELS,
        "all_columns": COLUMNS,
        "typed_tags": typed(words),
        "live": address(url_for(".show_parts"), words),
    }


def _said(name: str, value: str) -> str:
    """A filter's value in the words of the page, where it has one."""
    tables: dict[str, Any] = {
        **NAMED,
        "status": STATUS_WORDS,
        "reason": REASON_WORDS,
        "flag": FLAG_NAMES,
    }
    return ", ".join(tables.get(name, {}).get(word, word) for word in value.split(","))
