"""How long we wait for a database, and what is tried again."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from faxhooks.db.engine import BeginAgainError, Database
from faxhooks.db.prepared import Prepared
from faxhooks.db.steps import Ask, Steps
from faxhooks.domain.errors import UnavailableError
from tests.running.proxies import Relay


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.engine.dispose()


def one(session: Any) -> int:
    return int(session.scalar(text("SELECT 1")) or 0)


@pytest.fixture
def relay(postgresql_url: str) -> Iterator[Relay]:
    made = Relay(postgresql_url)
    yield made
    made.close()


def test_a_hung_server_is_given_up_on_from_our_side(relay: Relay) -> None:
    database = Database(relay.url)
    assert database.read(one) == 1
    relay.hang()
    for _ in range(2):  # First an open connection, then a new one.
        started = time.monotonic()
        with pytest.raises(UnavailableError):
            database.write(one, seconds=2.2)
        assert time.monotonic() - started < 2.6
    started = time.monotonic()
    with pytest.raises(UnavailableError):
        database.write(one, seconds=0.5)
    assert time.monotonic() - started < 0.8
    relay.resume()
    assert database.read(one) == 1
    database.engine.dispose()


def test_a_cut_connection_is_replaced_without_anybody_noticing(relay: Relay) -> None:
    database = Database(relay.url)
    assert database.read(one) == 1
    relay.cut()
    relay.mend()
    assert database.read(one) == 1
    database.engine.dispose()


ONE = Prepared("SELECT 1 + CAST($1 AS integer)")


def one_at_once() -> Steps[int]:
    ((found,),) = yield Ask(lambda: (ONE, [b"0"]), list)
    return int(found)


def test_callbacks_have_the_same_from_connections_of_their_own(relay: Relay) -> None:
    database = Database(relay.url)
    assert database.write_at_once(one_at_once) == 1
    relay.cut()
    with pytest.raises(UnavailableError):
        database.write_at_once(one_at_once, seconds=1)
    relay.mend()
    assert database.write_at_once(one_at_once) == 1
    relay.hang()
    started = time.monotonic()
    with pytest.raises(UnavailableError):
        database.write_at_once(one_at_once, seconds=2.2)
    assert time.monotonic() - started < 2.6
    relay.resume()
    assert database.write_at_once(one_at_once) == 1
    database.engine.dispose()


def test_work_that_must_begin_again_does_so_on_fresh_ground(database: Database) -> None:
    seen: list[int] = []

    def work(session: Any) -> int:
        session.execute(text("UPDATE feed SET last = last + 1"))
        seen.append(int(session.scalar(text("SELECT last FROM feed")) or 0))
        if len(seen) < 3:
            raise BeginAgainError
        return seen[-1]

    assert database.write(work) == 1
    assert seen == [1, 1, 1]


def test_what_raises_leaves_nothing_behind(database: Database) -> None:
    def work(session: Any) -> None:
        session.execute(text("UPDATE feed SET last = 77"))
        raise KeyError("ours")

    with pytest.raises(KeyError):
        database.write(work)
    assert database.read(lambda session: session.scalar(text("SELECT last FROM feed"))) == 0


def test_a_reader_may_not_write(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with pytest.raises(UnavailableError):
        database.read(lambda session: session.execute(text("DELETE FROM feed")))
    database.engine.dispose()
