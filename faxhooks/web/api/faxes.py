"""What became of a fax, and how it got there."""

from typing import Any, Final
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import Bookmark, FaxFilter, Sort, describe_fax, list_page
from faxhooks.db.history import list_entries
from faxhooks.services.presenting import FaxPageSchema, FaxSchema, HistorySchema
from faxhooks.services.shapes import Shape, entry_json, fax_json, fax_version, present
from faxhooks.web.api.answers import linked, versioned
from faxhooks.web.api.exports import CSV, JSON, NDJSON, best_type, csv_export, ndjson_export
from faxhooks.web.api.faxqueries import FaxQuery, ShapeQuery
from faxhooks.web.api.queries import NoQuery, QueryParser
from faxhooks.web.auth import guard, requires, visible_accounts
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
@blueprint.response(200, FaxSchema)
def show_fax(asked: dict[str, Any], fax_id: UUID) -> Response:
    """One fax."""
    accounts = visible_accounts()

    def ask(session: Session) -> tuple[dict[str, Any], str]:
        fax = describe_fax(session, get_fax(session, fax_id, accounts=accounts))
        (shown,) = present(session, [fax], asked["shape"])
        return shown, fax_version(fax_json(fax))

    return versioned(*parts().database.read(ask))


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
