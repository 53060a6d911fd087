"""Accounts are looked up from memory, and a change is known everywhere within seconds."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import event, text

from faxhooks.domain.errors import NotFoundError
from faxhooks.services.accounts import Account
from faxhooks.services.directory import FRESH_SECONDS, Directory
from tests.story import SIGNING_KEY, Service, make_service


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    made = make_service(database_url)
    yield made
    made.parts.database.engine.dispose()


def token(account: Account) -> str:
    return account.hook_url.rpartition("/")[2]


def test_looking_up_an_account_costs_no_query(service: Service) -> None:
    known = token(service.hook.signalwire_account)
    service.parts.directory.find("signalwire", known)
    statements: list[str] = []
    event.listen(
        service.parts.database.engine,
        "before_cursor_execute",
        lambda *told: statements.append(told[2]),
    )
    for _ in range(1000):
        service.parts.directory.find("signalwire", known)
    assert len(statements) < 10


def test_a_new_account_is_known_at_once_and_a_flood_of_strangers_costs_little(
    service: Service,
) -> None:
    parts = service.parts
    parts.directory.find("signalwire", token(service.hook.signalwire_account))
    values = {"project-id": ["b3877c40-da60-4998-90ad-b792e98472af"], "signing-key": [SIGNING_KEY]}
    added = parts.database.write(lambda s: parts.accounts.add(s, "signalwire", "new", values))
    time.sleep(0.6)
    assert parts.directory.find("signalwire", token(added)).account.label == "new"
    statements: list[str] = []
    event.listen(
        parts.database.engine, "before_cursor_execute", lambda *told: statements.append(told[2])
    )
    for number in range(500):
        with pytest.raises(NotFoundError):
            parts.directory.find("signalwire", f"stranger{number}")
    assert len(statements) < 20


def test_a_disabled_account_is_off_within_seconds_in_another_process(service: Service) -> None:
    parts = service.parts
    elsewhere = Directory(parts.database, parts.accounts)
    known = token(service.hook.faxplus_account)
    elsewhere.find("faxplus", known)
    parts.database.write(lambda session: parts.accounts.set_disabled(session, "plus", True))
    time.sleep(FRESH_SECONDS + 0.2)
    with pytest.raises(NotFoundError):
        elsewhere.find("faxplus", known)
    parts.database.write(lambda session: parts.accounts.set_disabled(session, "plus", False))
    time.sleep(FRESH_SECONDS + 0.2)
    assert elsewhere.find("faxplus", known).account.label == "plus"


def test_an_account_that_only_another_release_knows_does_not_stop_the_others(
    service: Service,
) -> None:
    service.parts.database.write(
        lambda session: session.execute(
            text("UPDATE accounts SET provider = 'pigeon' WHERE label = 'plus'")
        )
    )
    elsewhere = Directory(service.parts.database, service.parts.accounts)
    known = token(service.hook.signalwire_account)
    assert elsewhere.find("signalwire", known).account.label == "main"
    with pytest.raises(NotFoundError):
        elsewhere.find("faxplus", token(service.hook.faxplus_account))
