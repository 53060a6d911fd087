"""Callbacks are written in one statement that fails as a whole when somebody was quicker."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from faxhooks.db.engine import Database
from faxhooks.db.steps import Steps
from faxhooks.domain.callback import Callback
from faxhooks.domain.fax import Evidence, FaxEvent, FaxStatus, Reference, Verdict
from faxhooks.services import ingest
from faxhooks.services.directory import Entrance
from faxhooks.services.ingest import Receiver
from faxhooks.services.keeping import Delivery, NeedsLocksError, keep, keep_at_once
from faxhooks.services.parts import Parts, compose

T = TypeVar("T")

NOON = datetime(2026, 9, 9, 12, tzinfo=UTC)
WORDS = [status for status in FaxStatus if status is not FaxStatus.UNCONFIRMED]
TABLES = {
    "faxes": "SELECT provider_fax_id, status, events, merged_into IS NULL FROM faxes",
    "events": "SELECT digest, seq, verdict, status_after, change FROM fax_events",
    "references": "SELECT reference, shared FROM fax_references",
    "callbacks": "SELECT digest, verdict, seen FROM callbacks",
    "feed": "SELECT last FROM feed",
}


@pytest.fixture
def parts(database_url: str) -> Iterator[Parts]:
    made = compose(
        database_url=database_url,
        public_url="https://hooks.example.com",
        secret_keys=("a secret of these tests, long enough to be one",),
        release="1",
    )
    made.database.write(lambda session: made.accounts.add(session, "faxplus", "main", {}))
    yield made
    made.database.engine.dispose()


@pytest.fixture
def entrance(parts: Parts) -> Entrance:
    return parts.directory.list_of("faxplus")[0]


def delivery(
    entrance: Entrance, number: int, *references: str, status: FaxStatus = FaxStatus.SENDING
) -> Delivery:
    """The callback number so-and-so about the fax of these ids; `~` marks a shared id."""
    at = NOON + timedelta(seconds=number)
    event = FaxEvent(
        digest=number.to_bytes(32, "big"),
        references=tuple(Reference(name.lstrip("~"), name[0] == "~") for name in references),
        received_at=at,
        occurred_at=at,
        status=status,
    )
    callback = Callback("POST", "https://hooks.example.com", "/", {}, b"{}", at)
    return Delivery(uuid7(), entrance, "/", callback, Evidence.UNSIGNED, event.digest, (event,))


def at_once(database: Database, *deliveries: Delivery) -> list[Verdict]:
    return database.write_at_once(lambda: keep_at_once(deliveries, "1"))


def with_locks(database: Database, *deliveries: Delivery) -> list[Verdict]:
    return database.write(lambda session: keep(session, deliveries, "1"))


def kept(database: Database) -> dict[str, list[Any]]:
    """What is in the tables, but for the ids that were made on the way."""

    def ask(session: Any) -> dict[str, list[Any]]:
        found = {name: session.execute(text(sql)).all() for name, sql in TABLES.items()}
        return {name: sorted(map(repr, rows)) for name, rows in found.items()}

    return database.read(ask)


def empty(database: Database) -> None:
    def work(session: Any) -> None:
        for table in ("fax_events", "fax_references", "callbacks", "faxes"):
            session.execute(text(f"DELETE FROM {table}"))
        session.execute(text("UPDATE feed SET last = 0"))

    database.write(work)


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_write_the_same(parts: Parts, entrance: Entrance, seed: int) -> None:
    chosen = random.Random(seed)
    told = [
        delivery(
            entrance, number, f"fax{chosen.randrange(4)}", "~call", status=chosen.choice(WORDS)
        )
        for number in range(1, 20)
    ]
    groups = [told[:6], told[6:7], [*told[7:], *told[5:9]], told[3:5]]
    verdicts = [at_once(parts.database, *group) for group in groups]
    quick = kept(parts.database)
    empty(parts.database)
    assert [with_locks(parts.database, *group) for group in groups] == verdicts
    assert kept(parts.database) == quick


def test_a_callback_that_was_not_understood_is_kept_too(parts: Parts, entrance: Entrance) -> None:
    unread = replace(delivery(entrance, 1, "a"), events=(), reason="no status")
    assert at_once(parts.database, unread) == [Verdict.UNRECOGNIZED]
    assert at_once(parts.database, unread, delivery(entrance, 2, "a")) == [
        Verdict.UNRECOGNIZED,
        Verdict.APPLIED,
    ]
    assert len(kept(parts.database)["callbacks"]) == 2


def test_faxes_that_turn_out_to_be_one_need_locks(parts: Parts, entrance: Entrance) -> None:
    at_once(parts.database, delivery(entrance, 1, "a"), delivery(entrance, 2, "b"))
    before = kept(parts.database)
    with pytest.raises(NeedsLocksError):
        at_once(parts.database, delivery(entrance, 3, "a", "b"))
    assert kept(parts.database) == before


def test_a_fax_that_turns_out_to_be_older_needs_locks(parts: Parts, entrance: Entrance) -> None:
    at_once(parts.database, delivery(entrance, 2, "a"))
    with pytest.raises(NeedsLocksError):
        at_once(parts.database, delivery(entrance, 1, "a"))


MEANWHILE = {
    "the id was claimed": ((), (("a",),)),
    "the history has grown": ((("a",),), (("a",),)),
    "the fax was merged away": ((("b",), ("a",)), (("a", "b"),)),
    "another was merged into it": ((("a",), ("b",)), (("a", "b"),)),
}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", MEANWHILE)
def test_it_begins_again_when(parts: Parts, entrance: Entrance, name: str) -> None:
    before, between = MEANWHILE[name]
    database = parts.database
    numbers = iter(range(1, 9))
    for references in before:
        with_locks(database, delivery(entrance, next(numbers), *references))
    late = delivery(entrance, 9, "a")
    seen: list[Any] = []

    def meanwhile() -> None:
        for references in between:
            with_locks(database, delivery(entrance, next(numbers), *references))
        seen.append(kept(database))

    def work() -> Steps[list[Verdict]]:
        if not seen:
            return interrupted(keep_at_once([late], "1"), meanwhile)
        seen.append(kept(database))
        return keep_at_once([late], "1")

    assert database.write_at_once(work) == [Verdict.STALE]
    after_theirs, after_our_first = seen
    assert after_theirs == after_our_first
    assert len(kept(database)["events"]) == len(before) + len(between) + 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_loop_begins_again_by_itself(
    parts: Parts, entrance: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process heard of the fax at the same moment; to call a thread takes longer."""
    rivals = iter((1, 2))
    first, last = delivery(entrance, 8, "a"), delivery(entrance, 9, "b")

    def rivaled(deliveries: Sequence[Delivery], release: str) -> Steps[list[Verdict]]:
        number = next(rivals, None)
        work = keep_at_once(deliveries, release)
        if number is None:
            return work
        return interrupted(
            work, lambda: with_locks(parts.database, delivery(entrance, number, "a"))
        )

    monkeypatch.setattr(ingest, "keep_at_once", rivaled)
    monkeypatch.delattr(Receiver, "_commit_in_thread")
    soon = time.monotonic() + 5
    done = asyncio.run(parts.receiver._commit_soon([first, last], soon))
    assert done == [(first, Verdict.STALE), (last, Verdict.APPLIED)]


def interrupted(steps: Steps[T], meanwhile: Callable[[], None]) -> Steps[T]:
    """The same work, but that something else happens before its second and last statement."""
    answer = yield next(steps)
    last = steps.send(answer)
    meanwhile()
    try:
        answer = yield last
    except Exception as error:
        steps.throw(error)
        raise
    with pytest.raises(StopIteration) as end:
        steps.send(answer)
    done: T = end.value.value
    return done
