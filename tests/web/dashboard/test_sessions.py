"""When a session ends, what keeps it alive, and what a form must prove."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from faxhooks.db.keys import list_keys
from faxhooks.db.models_people import SessionRow
from faxhooks.services.keys import revoke_key
from faxhooks.services.sessions import IDLE, LONGEST_SESSION
from faxhooks.services.users import disable_user, set_password
from tests.story import Service
from tests.web.dashboard.visitor import PASSWORD, Visitor, let_in

OPEN = ("/sign-in", "/assets/")


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


def test_a_form_that_is_not_ours_does_nothing(service: Service) -> None:
    """Without a proof, with one of another visitor, and with one from before the sign-in."""
    forms = list(_addresses(service, "POST"))
    assert {"/sign-in", "/sign-out", "/theme"} <= set(forms)
    visitor = let_in(service, "ada", "admin")
    before = Visitor(service.app).proof()
    for path, proof in product(forms, ({}, {"form_token": before}, {"form_token": "0" * 64})):
        answer = visitor.send(path, key=service.api.key, theme="dark", **proof)
        assert answer.status_code == 400, path
        assert "This form is too old" in answer.text
        assert "Set-Cookie" not in answer.headers
    assert visitor.is_in


def test_a_proof_from_before_the_sign_in_is_none_after_it(service: Service) -> None:
    visitor = Visitor(service.app)
    before = visitor.proof()
    visitor.sign_in_with(service.api.key)
    assert visitor.send("/sign-out", form_token=before).status_code == 400
    assert visitor.is_in


def test_every_page_is_for_those_who_signed_in(service: Service) -> None:
    """But the sign-in itself, and the files it is made of."""
    asked = [path for path in _addresses(service, "GET") if not path.startswith(OPEN)]
    assert {"/", "/today/parts", "/live"} <= set(asked)
    for path in asked:
        assert Visitor(service.app).get(path).status_code in (303, 401), path


def _addresses(service: Service, method: str) -> Iterator[str]:
    """Where the dashboard takes such a request; what is asked for there need not exist."""
    urls = service.app.url_map.bind("localhost")
    for rule in service.app.url_map.iter_rules():
        if rule.endpoint.startswith("dashboard_") and method in (rule.methods or ()):
            some_id = UUID("01890000-0000-7000-8000-000000000001")
            yield urls.build(rule.endpoint, dict.fromkeys(rule.arguments, some_id))
