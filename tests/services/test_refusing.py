"""What is refused is counted for all processes together, and explained only in a set-up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from faxhooks.db.models_refusals import NOBODY, SetupRow
from faxhooks.db.refusals import find_setup, list_refused, save_setup
from faxhooks.services.refusing import Refusals
from tests.story import Service, make_service, target

FORM = {"Content-Type": "application/x-www-form-urlencoded", "X-SignalWire-Signature": "bm8="}


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    made = make_service(database_url)
    yield made
    made.parts.database.engine.dispose()


def refuse(service: Service) -> None:
    url = target(service.hook.signalwire_account.hook_url)
    assert service.hook.transport.send("POST", url, FORM, b"FaxSid=f1").status_code == 403


def setup_of(service: Service) -> SetupRow | None:
    account_id = service.hook.signalwire_account.id
    return service.parts.database.read(lambda session: find_setup(session, account_id))


def counted(service: Service) -> dict[tuple[str, str], int]:
    def ask(session: Session) -> dict[tuple[str, str], int]:
        since = datetime.now(UTC) - timedelta(hours=2)
        found = list_refused(session, since, visible=None)
        return {(str(each.account_id), each.cause): each.requests for each in found}

    return service.parts.database.read(ask)


def test_counts_of_two_processes_add_up(service: Service) -> None:
    parts, account_id = service.parts, str(service.hook.signalwire_account.id)
    another = Refusals(parts.database, parts.directory)
    for _ in range(3):
        refuse(service)
    service.hook.transport.send("POST", "/hooks/signalwire/nobody", FORM, b"FaxSid=f1")
    service.hook.transport.send("POST", "/hooks/signalwire/nobody", FORM, b"x" * 70_000)
    another.count("mismatch", service.hook.signalwire_account.id)
    parts.receiver.refusals.write()
    another.write()
    assert counted(service) == {
        (account_id, "mismatch"): 4,
        (str(NOBODY), "unknown_token"): 1,
        (str(NOBODY), "413"): 1,
    }


def test_an_account_that_never_had_a_callback_is_told_why(service: Service) -> None:
    refuse(service)
    service.parts.receiver.refusals.write()
    setup = setup_of(service)
    assert setup is not None
    assert setup.facts is not None
    assert setup.facts["cause"] == "mismatch"


def test_one_that_works_keeps_nothing_unless_somebody_watches(service: Service) -> None:
    parts, account_id = service.parts, service.hook.signalwire_account.id
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    refuse(service)
    parts.receiver.refusals.write()
    assert setup_of(service) is None
    for minutes, known in ((-1, False), (10, True)):
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        parts.database.write(lambda s, u=until: save_setup(s, account_id, watched_until=u))
        refuse(service)
        parts.receiver.refusals.write()
        setup = setup_of(service)
        assert setup is not None
        assert (setup.facts is not None) is known


def test_facts_are_forgotten_within_the_hour(service: Service) -> None:
    parts, account_id = service.parts, service.hook.signalwire_account.id
    long_ago = datetime.now(UTC) - timedelta(minutes=61)
    parts.database.write(
        lambda s: save_setup(s, account_id, refused_at=long_ago, facts={"cause": "mismatch"})
    )
    parts.receiver.refusals.count("unknown_token")
    parts.receiver.refusals.write()
    setup = setup_of(service)
    assert setup is not None
    assert setup.facts is None


def test_it_writes_by_itself_and_stops_with_the_database(service: Service) -> None:
    refusals = service.parts.receiver.refusals
    refuse(service)
    assert refusals._timer is not None
    assert refusals._timer.daemon
    service.parts.database.engine.dispose()
    assert refusals._timer is None
