"""Who may do what: the one place where it is decided.

A route of the API, and a page of the dashboard, names the scope it needs; the key that comes
with the request, or the session, is looked up before the route runs. Objects of an account
that may not be seen are absent: queries are given the accounts that are visible.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog
from flask import Blueprint, Response, current_app, g, request
from sqlalchemy.orm import Session

from faxhooks.db.engine import Database
from faxhooks.db.keys import touch_key
from faxhooks.domain.errors import UnavailableError
from faxhooks.services.keys import Grant, find_grant
from faxhooks.web.errors import problem
from faxhooks.web.limits import Turn
from faxhooks.web.parts import limits, parts

log = structlog.get_logger()
View = TypeVar("View", bound=Callable[..., Any])

_SCOPE: Final = "_faxhooks_scope"
_EVERY_ACCOUNT: Final = "_faxhooks_every_account"
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="faxhooks"'}


def requires(*scopes: str, every_account: bool = False) -> Callable[[View], View]:
    """Say which scope a route needs, any of these; without it a route answers nobody.

    What speaks of all accounts at once is for keys that see `every_account`.
    """

    def mark(view: View) -> View:
        setattr(view, _SCOPE, frozenset(scopes))
        setattr(view, _EVERY_ACCOUNT, every_account)
        return view

    return mark


def guard(blueprint: Blueprint) -> None:
    """Let no request of this blueprint through without a key of the right scope, nor more of
    them than the key's rate allows; every answer says how many are left.
    """
    blueprint.before_request(_authorize)
    blueprint.after_request(_say_what_is_left)


def visible_accounts() -> frozenset[UUID] | None:
    """The accounts whose objects this request may see; None is all."""
    grant: Grant = g.grant
    return grant.accounts


def may(scope: str) -> bool:
    """Whether this request's key or session has this scope too."""
    grant: Grant = g.grant
    return scope in grant.scopes


def actor() -> str:
    """Who asks, as the audit names it."""
    grant: Grant = g.grant
    return grant.actor


def still_allowed() -> Callable[[], bool]:
    """A function that asks anew whether this request's key or session is good, for answers
    that go on.
    """
    database, renew, scope = parts().database, g.renew, g.scope

    def ask() -> bool:
        grant: Grant | None = database.read(renew)
        return grant is not None and bool(grant.scopes & scope)

    return ask


def admit(grant: Grant, renew: Callable[[Session], Grant | None]) -> str | None:
    """Let the request go on in the name of who holds the grant; else why it may not.

    `renew` finds the grant anew, as it is by then.
    """
    view = current_app.view_functions[str(request.endpoint)]
    refusal = _refusal(view, grant)
    if refusal is None:
        g.grant, g.scope, g.renew = grant, getattr(view, _SCOPE), renew
    return refusal


def may_open(endpoint: str) -> bool:
    """Whether this request's key or session may also open this route."""
    view = current_app.view_functions.get(endpoint)
    return view is not None and _refusal(view, g.grant) is None


def _authorize() -> Response | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return problem(401, "Send an API key as `Authorization: Bearer fhk_…`.", headers=_CHALLENGE)
    grant = _grant(key.strip())
    if grant is None:
        detail = "The API key is unknown, expired or revoked; make one with `faxhooks key create`."
        return problem(401, detail, headers=_CHALLENGE)
    turn = g.turn = limits().take(grant.holder_id)
    if not turn.allowed:
        detail = "The API key asks too often; wait `Retry-After` seconds, then go on more slowly."
        return problem(429, detail, headers={"Retry-After": str(turn.retry_after)})
    refusal = admit(grant, lambda session: find_grant(session, key.strip(), datetime.now(UTC))[0])
    return None if refusal is None else problem(403, refusal)


def _refusal(view: Callable[..., Any], grant: Grant) -> str | None:
    """Why the key or the user may not ask this route, if it may not."""
    scope: frozenset[str] = getattr(view, _SCOPE)
    if not scope & grant.scopes:
        named = " or ".join(f"`{word}`" for word in sorted(scope))
        holder = "The API key" if grant.kind == "key" else "This user"
        return f"{holder} has not the scope {named} that this address needs."
    if getattr(view, _EVERY_ACCOUNT) and grant.accounts is not None:
        return (
            "This address tells of all accounts, and the API key is limited to one; "
            "use a key without that limit."
        )
    return None


def _say_what_is_left(response: Response) -> Response:
    turn: Turn | None = g.get("turn")
    if turn is not None:
        response.headers.update(turn.headers)
    return response


def _grant(key: str) -> Grant | None:
    """What the key allows; its use is noted now and then, not with every request."""
    now = datetime.now(UTC)
    database = parts().database

    def ask(session: Session) -> tuple[Grant | None, bool]:
        return find_grant(session, key, now)

    grant, stale = database.read(ask)
    if grant is not None and stale:
        _note_use(database, grant.holder_id, now)
    return grant


def _note_use(database: Database, key_id: UUID, now: datetime) -> None:
    """A database that only reads still answers who may read."""
    try:
        database.write(lambda session: touch_key(session, key_id, now), seconds=1)
    except UnavailableError:
        log.warning("key_use_not_noted", key_id=str(key_id))
