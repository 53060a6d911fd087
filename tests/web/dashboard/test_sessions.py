"""When a session ends, what keeps it alive, and what a form must prove."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from faxhooks.db.keys import list_keys
from faxhooks.db.models_people import SessionRow
from faxhooks.services.keys import SCOPES, create_key, revoke_key
from faxhooks.services.sessions import IDLE, LONGEST_SESSION
from faxhooks.services.users import disable_user, set_password
from tests.story import Service
from tests.web.dashboard.visitor import PASSWORD, Visitor, let_in

FORMS = [
    "/sign-in",
    "/sign-out",
    "/theme",
    "/callbacks/replay",
    "/callbacks/<uuid:callback_id>/replay",
]


def aged(session: Session, **ages: timedelta) -> None:
    """Make all sessions as old as this."""
    now = datetime.now(UTC)
    session.execute(update(SessionRow).values({name: now - age for name, age in ages.items()}))


@pytest.mark.parametrize(
    ("ages", "alive"),
    [
        ({"last_seen_at": IDLE - timedelta(minutes=1)}, True),
        ({"last_seen_at": IDLE + timedelta(minutes=1)}, False),
        ({"created_at": LONGEST_SESSION - timedelta(minutes=1)}, True),
        ({"created_at": LONGEST_SESSION + timedelta(minutes=1)}, False),
    ],
)
def test_time_ends_a_session(
    service: Service, reader: Visitor, ages: dict[str, timedelta], alive: bool
) -> None:
    assert reader.is_in
    service.parts.database.write(lambda session: aged(session, **ages))
    assert reader.is_in is alive


ENDS: dict[str, Callable[[Session], Any]] = {
    "disabled": lambda session: disable_user(session, "ada"),
    "another password": lambda session: set_password(session, "ada", "another " + PASSWORD),
}


@pytest.mark.parametrize("end", list(ENDS))
def test_what_befalls_a_user_ends_the_session_at_once(service: Service, end: str) -> None:
    visitor = let_in(service, "ada")
    assert visitor.is_in
    service.parts.database.write(ENDS[end])
    assert not visitor.is_in


def test_a_revoked_key_ends_the_sessions_begun_with_it(service: Service, reader: Visitor) -> None:
    (row,) = service.parts.database.read(list_keys)
    service.parts.database.write(lambda session: revoke_key(session, row.id))
    assert not reader.is_in


def test_who_signs_out_is_out_with_every_copy_of_the_cookie(
    service: Service, reader: Visitor
) -> None:
    kept = reader.client.get_cookie("__Host-faxhooks", domain="hooks.example.com")
    assert reader.fill("/sign-out", on="/").headers["Location"] == "/sign-in"
    thief = Visitor(service.app)
    thief.client.set_cookie("__Host-faxhooks", kept.value, domain="hooks.example.com")
    assert not thief.is_in


def test_a_page_that_asks_by_itself_keeps_no_session_alive(
    service: Service, reader: Visitor
) -> None:
    database = service.parts.database

    def seen_at() -> datetime:
        return database.read(lambda session: session.scalars(select(SessionRow)).one().last_seen_at)

    database.write(lambda session: aged(session, last_seen_at=timedelta(minutes=5)))
    before = seen_at()
    assert reader.get("/today/parts").status_code == 200
    assert seen_at() == before
    assert reader.is_in
    assert seen_at() > before


def test_what_a_page_asks_by_itself_is_not_sent_elsewhere(service: Service) -> None:
    for path in ("/today/parts", "/live"):
        assert Visitor(service.app).get(path).status_code == 401


def test_every_form_is_one_of_those_that_are_tried_here(service: Service) -> None:
    assert sorted(FORMS) == sorted(
        rule.rule
        for rule in service.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint.startswith("dashboard_")
    )


@pytest.mark.parametrize("path", FORMS)
def test_a_form_that_is_not_ours_does_nothing(service: Service, path: str) -> None:
    """Without a proof, with one of another visitor, and with one from before the sign-in."""
    visitor, path = Visitor(service.app), re.sub("<uuid:[^>]+>", str(uuid4()), path)
    before = visitor.proof()
    _, key = service.parts.database.write(lambda session: create_key(session, "all", SCOPES))
    visitor.sign_in_with(key)
    for proof in ({}, {"form_token": Visitor(service.app).proof()}, {"form_token": before}):
        answer = visitor.send(path, key=key, theme="dark", **proof)
        assert answer.status_code == 400
        assert "Set-Cookie" not in answer.headers
    assert visitor.is_in


def test_every_page_is_for_those_who_signed_in(service: Service) -> None:
    """But the sign-in itself, and the files it is made of."""
    stranger, asked = Visitor(service.app), 0
    for rule in service.app.url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if not blueprint.startswith("dashboard_") or "GET" not in (rule.methods or ()):
            continue
        if blueprint in ("dashboard_entrance", "dashboard_assets"):
            continue
        path = service.app.url_map.bind("h").build(
            rule.endpoint, dict.fromkeys(rule.arguments, "01890000-0000-7000-8000-000000000001")
        )
        assert stranger.get(path).status_code in (303, 401), path
        asked += 1
    assert asked >= 3
