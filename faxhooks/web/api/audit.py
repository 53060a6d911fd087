"""The audit: who did or saw what, for keys that may see all of it."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import post_load

from faxhooks.db import audit
from faxhooks.db.audit import AuditFilter
from faxhooks.services.auditing import Action, AuditPageSchema, audit_json
from faxhooks.web.api.answers import paged
from faxhooks.web.api.queries import Instant, PageQuery, QueryParser, Words
from faxhooks.web.auth import guard, requires
from faxhooks.web.parts import cursors, parts

Blueprint.ARGUMENTS_PARSER = QueryParser()
blueprint = Blueprint("audit", __name__, description="Who did or saw what.")
guard(blueprint)


class AuditQuery(PageQuery):
    """Which rows are asked for; `filter` is an AuditFilter."""

    actions = Words(*Action, data_key="action", description="What was done.")
    subjects = Words(
        data_key="subject",
        description="To what, as `callback:ID`; with `*` at its end it is a prefix.",
    )
    actors = Words(
        data_key="actor",
        description="By whom, as `cli:ann` or `key:ID*`; with `*` at its end it is a prefix.",
    )
    start = Instant(
        data_key="from", load_default=None, metadata={"description": "At or after this time."}
    )
    end = Instant(data_key="to", load_default=None, metadata={"description": "Before this time."})

    @post_load
    def _apart(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The filter apart from what else was asked."""
        return {
            "limit": given.pop("limit"),
            "cursor": given.pop("cursor"),
            "filter": AuditFilter(**given),
        }


@blueprint.get("/audit")
@requires("admin", every_account=True)
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, AuditPageSchema)
def list_audit(asked: dict[str, Any]) -> Response:
    """Who did or saw what, newest first; not for keys that are limited to an account."""
    wanted = asked["filter"]
    place = ("audit", wanted)
    after = cursors().read(place, asked["cursor"]) if asked["cursor"] else None
    rows, position = parts().database.read(
        lambda session: audit.list_page(session, wanted, limit=asked["limit"], after=after)
    )
    following = cursors().make(place, position) if position else None
    response = paged([audit_json(row) for row in rows], following)
    response.headers["Cache-Control"] = "no-store"
    return response
