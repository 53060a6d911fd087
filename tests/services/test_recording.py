"""Facts become history once, under one lock, however many arrive at once."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from faxhooks.db.engine import Database
from faxhooks.db.faxes import Home
from faxhooks.db.history import list_entries
from faxhooks.db.models import FaxRow, ReferenceRow, TagRow
from faxhooks.db.tags import set_tags
from faxhooks.domain.fax import FaxEvent, FaxStatus, Reference, Verdict
from faxhooks.domain.lifecycle import fold
from faxhooks.services.claiming import Fact
from faxhooks.services.recording import Recorded, record

ACCOUNT = Home(UUID("01890000-0000-7000-8000-000000000001"), "signalwire")
OTHER = Home(UUID("01890000-0000-7000-8000-000000000002"), "signalwire")
NOON = datetime(2026, 9, 9, 12, tzinfo=UTC)
WORDS = [status for status in FaxStatus if status is not FaxStatus.UNCONFIRMED]


@pytest.fixture
def database(database_url: str) -> Any:
    opened = Database(database_url, pool_size=20)
    yield opened
    opened.engine.dispose()


def fact(
    number: int,
    *references: str,
    status: FaxStatus | None = FaxStatus.SENDING,
    home: Home = ACCOUNT,
) -> Fact:
    """The fact number so-and-so about the fax of these ids; `~` marks a shared id."""
    event = FaxEvent(
        digest=number.to_bytes(32, "big"),
        references=tuple(Reference(name.lstrip("~"), name[0] == "~") for name in references),
        received_at=NOON + timedelta(seconds=number),
        occurred_at=NOON + timedelta(seconds=number),
        status=status,
    )
    return Fact(home, event)


def keep(database: Database, *facts: Fact) -> list[Recorded]:
    return database.write(lambda session: record(session, facts), seconds=30)


def faxes(database: Database) -> list[FaxRow]:
    """Those that were not merged into another, oldest first."""

    def ask(session: Any) -> list[FaxRow]:
        rows = select(FaxRow).where(FaxRow.merged_into.is_(None)).order_by(FaxRow.id)
        return list(session.scalars(rows))

    return database.read(ask)


def references(database: Database, fax_id: UUID) -> set[str]:
    def ask(session: Any) -> set[str]:
        rows = select(ReferenceRow.reference).where(ReferenceRow.fax_id == fax_id)
        return set(session.scalars(rows))

    return database.read(ask)


def assert_consistent(database: Database, expected_events: int) -> None:
    """Every fax row is the fold of its history, and the histories are numbered without a gap."""
    rows = faxes(database)
    histories = database.read(lambda session: list_entries(session, [row.id for row in rows]))
    assert sum(len(entries) for entries in histories.values()) == expected_events
    for row in rows:
        entries = histories[row.id]
        state = fold(entry.event for entry in entries)
        assert (row.status, row.events) == (state.status, len(entries))
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))


def test_a_fact_is_kept_once(database: Database) -> None:
    first = keep(database, fact(1, "a"))
    again = keep(database, fact(1, "a"), fact(1, "a"))
    assert [recorded.verdict for recorded in first] == [Verdict.APPLIED]
    assert {recorded.verdict for recorded in again} == {Verdict.REPEATED}
    assert_consistent(database, 1)


def test_a_batch_is_as_good_as_one_by_one(database: Database) -> None:
    facts = [fact(n, f"fax{n % 3}", status=WORDS[n % len(WORDS)]) for n in range(1, 20)]
    recorded = keep(database, *facts)
    assert len({outcome.fax_id for outcome in recorded}) == 3
    assert_consistent(database, 19)


def test_the_same_id_in_two_accounts_is_two_faxes(database: Database) -> None:
    keep(database, fact(1, "a"), fact(2, "a", home=OTHER))
    assert len(faxes(database)) == 2


def test_a_shared_id_finds_faxes_but_does_not_join_them(database: Database) -> None:
    keep(database, fact(1, "~call", "control1"), fact(2, "~call", "control2"))
    first, second = faxes(database)
    assert references(database, first.id) == {"call", "control1"}
    assert references(database, second.id) == {"call", "control2"}


def test_a_fact_that_links_two_faxes_makes_them_one(database: Database) -> None:
    keep(database, fact(1, "a"))
    keep(database, fact(3, "b"), fact(2, "b"))
    keep(database, fact(4, "a", "b", status=FaxStatus.DELIVERED))
    (fax,) = faxes(database)
    assert (fax.status, references(database, fax.id)) == ("delivered", {"a", "b"})
    assert_consistent(database, 4)
    keep(database, fact(5, "b"))
    assert_consistent(database, 5)


def test_tags_lie_where_their_fax_does_in_time(database: Database) -> None:
    """Whichever comes first: the tags, an earlier fact, or the news that two faxes are one."""
    keep(database, fact(50, "a"), fact(60, "b"))

    def tag(session: Any) -> None:
        for row in session.scalars(select(FaxRow)):
            set_tags(session, row, {"of": row.provider_fax_id})

    database.write(tag)
    keep(database, fact(40, "a"))
    keep(database, fact(30, "b"), fact(70, "a"))
    assert tagged(database) == [(30, "b"), (40, "a")]
    keep(database, fact(80, "a", "b"))
    assert tagged(database) == [(30, "a")]


def tagged(database: Database) -> list[tuple[int, str]]:
    """When the tags' faxes began, as the tags have it."""
    columns = TagRow.created_at, TagRow.value
    rows = database.read(lambda session: session.execute(select(*columns)).all())
    return sorted((round((at - NOON).total_seconds()), value) for at, value in rows)


def test_merging_is_the_same_in_every_order(database: Database) -> None:
    facts = [fact(1, "a"), fact(2, "b"), fact(3, "c"), fact(4, "a", "b"), fact(5, "b", "c")]
    rng = random.Random(7)
    for turn in range(12):
        home = Home(UUID(int=turn + 100), "signalwire")
        shuffled = [Fact(home, one.event) for one in rng.sample(facts, len(facts))]
        for one in shuffled:
            keep(database, one)
    rows = faxes(database)
    assert len(rows) == 12
    assert {row.events for row in rows} == {5}
    assert_consistent(database, 60)


def test_the_first_callbacks_of_a_fax_at_once_make_one_fax(database: Database) -> None:
    with ThreadPoolExecutor(16) as pool:
        for turn in range(8):
            facts = [fact(turn * 100 + n, f"fax{turn}") for n in range(16)]
            list(pool.map(lambda one: keep(database, one), facts))
    assert len(faxes(database)) == 8
    assert_consistent(database, 8 * 16)


def test_many_batches_over_the_same_faxes_at_once_never_deadlock(database: Database) -> None:
    rng = random.Random(11)
    batches = []
    for turn in range(24):
        batch = [fact(turn * 100 + n, f"fax{n}", f"alias{n}") for n in range(12)]
        rng.shuffle(batch)
        batches.append(batch)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda batch: keep(database, *batch), batches))
    assert len(faxes(database)) == 12
    assert_consistent(database, 24 * 12)


def test_facts_that_link_faxes_at_once_still_make_one_fax(database: Database) -> None:
    with ThreadPoolExecutor(12) as pool:
        for turn in range(6):
            names = [f"{turn}.{n}" for n in range(6)]
            links = [
                fact(turn * 100 + n, names[n], names[(n + 1) % 6], status=None) for n in range(6)
            ]
            alone = [fact(turn * 100 + 50 + n, names[n]) for n in range(6)]
            list(pool.map(lambda one: keep(database, one), [*alone, *links]))
    assert [row.events for row in faxes(database)] == [12] * 6
    assert_consistent(database, 6 * 12)
