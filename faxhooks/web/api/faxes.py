"""What became of a fax, and how it got there."""

from typing import Any, Final
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import Bookmark, FaxFilter, Sort, describe_fax, list_page
from faxhooks.db.history import list_entries
from faxhooks.providers.asking import ProviderError
from faxhooks.services.pollshapes import OneFaxSchema, with_poll
from faxhooks.services.presenting import FaxPageSchema, HistorySchema
from faxhooks.services.refreshing import CannotAskError, refresh
from faxhooks.services.shapes import (
    Shape,
    entry_json,
    fax_json,
    fax_version,
    present,
)
from faxhooks.web.api.answers import linked, versioned
from faxhooks.web.api.exports import CSV, JSON, NDJSON, best_type, csv_export, ndjson_export
from faxhooks.web.api.faxqueries import FaxQuery, ShapeQuery
from faxhooks.web.api.queries import NoQuery, QueryParser
from faxhooks.web.auth import actor, guard, requires, visible_accounts
from faxhooks.web.errors import problem
from faxhooks.web.parts import cursors, parts

Blueprint.ARGUMENTS_PARSER = QueryParser()
blueprint = Blueprint("faxes", __name__, description="What became of each fax.")
guard(blueprint)


@blueprint.get("/faxes")
@requires("read")
@blueprint.arguments(FaxQuery, location="query")
@blueprint.response(200, FaxPageSchema)
def list_faxes(asked: dict[str, Any]) -> Response:
    """Faxes, newest first; with `Accept: text/csv` or `application/x-ndjson` all of them."""
    wanted = FaxFilter(**asked["filters"], visible=visible_accounts())
    return _ANSWERS[best_type(_ANSWERS)](wanted, **asked)


@blueprint.get("/faxes/<uuid:fax_id>")
@requires("read")
@blueprint.arguments(ShapeQuery, location="query")
@blueprint.response(200, OneFaxSchema)
def show_fax(asked: dict[str, Any], fax_id: UUID) -> Response:
    """One fax, and how its provider is asked about it."""
    accounts = visible_accounts()

    def ask(session: Session) -> tuple[dict[str, Any], str]:
        fax = describe_fax(session, get_fax(session, fax_id, accounts=accounts))
        shape: Shape = asked["shape"]
        (shown,) = present(session, [fax], shape)
        if shape.fields:
            return shown, fax_version(fax_json(fax))
        return with_poll(session, fax, shown)

    return versioned(*parts().database.read(ask))


@blueprint.post("/faxes/<uuid:fax_id>/actions/refresh")
@requires("send", "admin")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, OneFaxSchema)
@blueprint.alt_response(502, description="The provider did not answer.")
def refresh_fax(_: dict[str, Any], fax_id: UUID) -> Response:
    """Ask the provider about a fax now, and wait for the answer.

    409 where it cannot be asked now, with the reason.
    """
    accounts = visible_accounts()
    refresh(parts(), fax_id, actor=actor(), accounts=accounts)

    def ask(session: Session) -> tuple[dict[str, Any], str]:
        fax = describe_fax(session, get_fax(session, fax_id, accounts=accounts))
        return with_poll(session, fax, fax_json(fax))

    return versioned(*parts().database.read(ask))


@blueprint.errorhandler(CannotAskError)
def _cannot_ask(error: CannotAskError) -> Response:
    return problem(409, f"{error}.")


@blueprint.errorhandler(ProviderError)
def _no_answer(error: ProviderError) -> Response:
    return problem(502, f"{error}.")


@blueprint.get("/faxes/<uuid:fax_id>/history")
@requires("read")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, HistorySchema)
def show_history(_: dict[str, Any], fax_id: UUID) -> Response:
    """A fax's events, in order of arrival."""
    accounts = visible_accounts()

    def ask(session: Session) -> list[dict[str, Any]]:
        fax = get_fax(session, fax_id, accounts=accounts)
        return [entry_json(entry) for entry in list_entries(session, [fax.id])[fax.id]]

    data = parts().database.read(ask)
    return versioned({"data": data, "next_cursor": None}, of=data)


def _page(
    wanted: FaxFilter, *, sort: Sort, shape: Shape, limit: int, cursor: str | None, **_: Any
) -> Response:
    """A page of JSON. Its version leaves out the cursor's memory of what was visible: the
    cursor of an older page that shows the same leads on as well.
    """
    walk = (wanted, sort)
    after = None if cursor is None else cursors().read_walk(walk, cursor)

    def ask(session: Session) -> tuple[list[dict[str, Any]], Bookmark | None]:
        faxes, bookmark = list_page(session, wanted, limit=limit, sort=sort, after=after)
        return present(session, faxes, shape), bookmark

    data, bookmark = parts().database.read(ask)
    following = None if bookmark is None else cursors().make_walk(walk, bookmark)
    response = versioned({"data": data, "next_cursor": following}, of=[data, bookmark is None])
    response.headers["Vary"] = "Accept"
    return linked(response, following)


_ANSWERS: Final = {JSON: _page, CSV: csv_export, NDJSON: ndjson_export}
