"""A fax: where it stands, how it got there, what is noted about it, and what can be done."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from marshmallow import ValidationError
from sqlalchemy.orm import Session

from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import Fax, describe_fax
from faxhooks.db.polls import find_poll
from faxhooks.domain.errors import ChangedError, ConflictError, InvalidBodyError
from faxhooks.providers.asking import ProviderError
from faxhooks.services.doings import Doing, list_doings
from faxhooks.services.pollshapes import poll_json
from faxhooks.services.printing import print_report
from faxhooks.services.refreshing import CannotAskError, refresh
from faxhooks.services.reporting import Maker, Report, make_report
from faxhooks.services.resending import Resendings
from faxhooks.services.shapes import Shape, fax_json, fax_version, present
from faxhooks.services.tagging import retag
from faxhooks.services.telling import EVIDENCE_WORDS, SOURCE_WORDS, VERDICT_WORDS, tell
from faxhooks.services.tryshapes import tries_json
from faxhooks.services.withdrawing import Withdrawals
from faxhooks.web.api.tags import TagPatch
from faxhooks.web.auth import actor, may_open, requires, visible_accounts
from faxhooks.web.dashboard.faxes import pages
from faxhooks.web.dashboard.shell import hides_numbers
from faxhooks.web.dashboard.visits import unattended
from faxhooks.web.parts import parts

__all__ = ["pages"]

_PATCH: Final = TagPatch()


@pages.get("/faxes/<uuid:fax_id>")
@requires("read")
def show(fax_id: UUID) -> str:
    """The whole page."""
    return _page(fax_id)


@pages.get("/faxes/<uuid:fax_id>/parts")
@requires("read")
@unattended
def show_fax_parts(fax_id: UUID) -> str:
    """What of it changes, for a page that is open."""
    return render_template("fax_parts.html", **_shown(fax_id))


@pages.post("/faxes/<uuid:fax_id>/tags")
@requires("send", "admin")
def tag(fax_id: UUID) -> Any:
    """Set and remove tags, if the fax is still as the form showed it."""
    who, accounts = actor(), visible_accounts()
    names = [name.strip() for name in request.form.getlist("name")]
    pairs = list(zip(names, request.form.getlist("value"), strict=False))
    changes = {name: value.strip() or None for name, value in pairs if name or value.strip()}
    versions = {request.form.get("version", "")}

    def change(session: Session, tags: Mapping[str, str | None]) -> None:
        retag(session, fax_id, tags, actor=who, accounts=accounts, versions=versions)

    try:
        tags = _PATCH.load({"tags": changes})["tags"]
        parts().database.write(lambda session: change(session, tags))
    except ValidationError as error:
        return _page(fax_id, fault=_first_fault(error.messages)), 422
    except InvalidBodyError as error:
        return _page(fax_id, fault=f"{error}."), 422
    except ChangedError:
        said = "The fax has changed since you opened this page, and is shown as it is now."
        return _page(fax_id, fault=f"{said} Nothing was saved; set the tags again."), 412
    return redirect(url_for(".show", fax_id=fax_id, _anchor="tags"), 303)


@pages.post("/faxes/<uuid:fax_id>/refresh")
@requires("send", "admin")
def refresh_fax(fax_id: UUID) -> Any:
    """Ask the provider about it now, and wait for the answer."""
    try:
        refresh(parts(), fax_id, actor=actor(), accounts=visible_accounts())
    except CannotAskError as error:
        return _page(fax_id, fault=f"{error}."), 409
    except ProviderError as error:
        return _page(fax_id, fault=f"The provider was asked, without success: {error}."), 502
    return redirect(url_for(".show", fax_id=fax_id), 303)


@pages.post("/faxes/<uuid:fax_id>/cancel")
@requires("send")
def cancel_fax(fax_id: UUID) -> Any:
    """Cancel it, here or at its provider, while that is possible."""
    try:
        Withdrawals(parts()).cancel(fax_id, actor=actor(), visible=visible_accounts())
    except ConflictError as error:
        return _page(fax_id, fault=f"{error}."), 409
    return redirect(url_for(".show", fax_id=fax_id), 303)


@pages.post("/faxes/<uuid:fax_id>/resend")
@requires("send")
def resend_fax(fax_id: UUID) -> Any:
    """Send it again as a new fax, and go there; what may have arrived only by `force`."""
    who, visible, force = actor(), visible_accounts(), request.form.get("force") == "yes"
    try:
        sent = Resendings(parts()).resend(fax_id, force=force, actor=who, visible=visible)
    except ConflictError as error:
        return _page(fax_id, fault=f"{error}."), 409
    return redirect(url_for(".show", fax_id=sent["id"]), 303)


@pages.get("/faxes/<uuid:fax_id>/report")
@requires("read")
def show_report(fax_id: UUID) -> str:
    """The delivery report as a page to print."""
    return render_template("fax_report.html", report=_report(fax_id, datetime.now(UTC)))


@pages.get("/faxes/<uuid:fax_id>/report.pdf")
@requires("read")
def show_report_as_pdf(fax_id: UUID) -> Response:
    """The same as PDF."""
    now = datetime.now(UTC)
    report = _report(fax_id, now)
    response = Response(print_report(report, now), content_type="application/pdf")
    name = f"fax-{report.fax_id}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def _page(fax_id: UUID, fault: str | None = None) -> str:
    return render_template("fax.html", **_shown(fax_id), doings=_doings(fax_id), fault=fault)


def _shown(fax_id: UUID) -> dict[str, Any]:
    accounts, shape = visible_accounts(), Shape(history=True, masked=hides_numbers())

    def ask(session: Session) -> tuple[Fax, dict[str, Any], Any, dict[str, Any]]:
        found = describe_fax(session, get_fax(session, fax_id, accounts=accounts))
        (shown,) = present(session, [found], shape)
        poll = poll_json(find_poll(session, found.row.id))
        return found, shown, poll, tries_json(session, found.row.id)

    found, fax, poll, tries = parts().database.read(ask)
    return {
        "fax": fax,
        "told": tell(fax),
        "history": fax["history"],
        "poll": poll,
        **tries,
        "version": fax_version(fax_json(found)),
        "can_tag": may_open("dashboard_faxes.tag"),
        "evidence": EVIDENCE_WORDS,
        "sources": SOURCE_WORDS,
        "verdicts": VERDICT_WORDS,
    }


def _doings(fax_id: UUID) -> frozenset[Doing]:
    """What can be done with it, of what this reader may do."""
    can = list_doings(parts(), fax_id, accounts=visible_accounts())
    return frozenset(doing for doing in can if may_open(f"dashboard_faxes.{doing}_fax"))


def _report(fax_id: UUID, now: datetime) -> Report:
    accounts, masked = visible_accounts(), hides_numbers()
    maker = Maker(actor(), parts().release, parts().public_url)
    return parts().database.read(
        lambda session: make_report(session, fax_id, maker, now, accounts=accounts, masked=masked)
    )


def _first_fault(messages: Any) -> str:
    """The first text in what marshmallow says, however deep it nests that."""
    while not isinstance(messages, str):
        messages = next(iter(messages.values() if isinstance(messages, dict) else messages))
    return str(messages)
