"""A run of `make bench-queries` in small, and what its figures may be believed for."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select, text

from benchmarks import queries
from benchmarks.asking import Goal, Question
from benchmarks.checking import WrongError, check
from benchmarks.comparing import Figure, Times
from benchmarks.exemplars import Exemplars, make_exemplars
from benchmarks.filling import Filled, fill
from benchmarks.places import NoRoomError, check_room, place
from benchmarks.plans import explain, overheard
from benchmarks.questions import QUESTIONS
from benchmarks.verdicts import Answer
from faxhooks.db import migrations
from faxhooks.db.engine import Database
from faxhooks.db.models import CallbackRow, EventRow
from tests.databases import Databases

FAXES = 300


@pytest.fixture(scope="module")
def exemplars(tmp_path_factory: pytest.TempPathFactory) -> Exemplars:
    return make_exemplars(tmp_path_factory.mktemp("exemplars"), of_each=1, seed=1)


@pytest.fixture
def filled(blank_database_url: str, exemplars: Exemplars) -> Filled:
    return fill(blank_database_url, exemplars, FAXES, seed=1)


@pytest.fixture
def database(blank_database_url: str, filled: Filled) -> Iterator[Database]:
    database = Database(blank_database_url)
    yield database
    database.engine.dispose()


def every(filled: Filled) -> list[UUID]:
    return [UUID(sample.fax_id) for sample in filled.samples]


@pytest.fixture(autouse=True)
def server(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is looked for where this run has found it."""
    monkeypatch.setenv("TEST_DATABASE_URL", databases.server.url)


def test_a_small_run_asks_every_question_on_both_databases(tmp_path: Path) -> None:
    path = tmp_path / "queries.json"
    small = ["--faxes", "100,400", "--runs", "2", "--no-pages", "--no-exports"]
    assert queries.main([*small, "--json", str(path)]) == 0
    answers = json.loads(path.read_text())["answers"]
    asked = {(answer["database"], answer["question"]) for answer in answers}
    names = [question.name for question in QUESTIONS]
    assert asked == {(kind, name) for kind in ("postgresql", "sqlite") for name in names}
    assert {tuple(figure["faxes"] for figure in each["figures"]) for each in answers} == {
        (100, 400)
    }
    assert all(figure["path"] for answer in answers for figure in answer["figures"])
    assert list(tmp_path.iterdir()) == [path]


def test_every_copied_fax_is_as_the_service_would_have_written_it(
    database: Database, filled: Filled
) -> None:
    assert len(filled.samples) == FAXES
    check(database, every(filled))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE faxes SET pages = 99", "pages"),
        ("UPDATE faxes SET status = 'queued' WHERE status = 'delivered'", "status"),
        ("UPDATE faxes SET seconds_to_final = seconds_to_final + 1", "seconds_to_final"),
        ("UPDATE fax_references SET reference = reference || 'x'", "references"),
        ("UPDATE fax_tags SET value = 'another'", "tags"),
        ("UPDATE fax_events SET verdict = 'stale' WHERE seq = 1", "event 1"),
        ("UPDATE feed SET last = last + 1", "feed"),
        ("DELETE FROM fax_events WHERE change = 7", "feed"),
    ],
)
def test_what_the_service_would_not_have_written_is_found(
    exemplars: Exemplars, blank_sqlite_url: str, change: str, said: str
) -> None:
    filled = fill(blank_sqlite_url, exemplars, FAXES, seed=1)
    database = Database(blank_sqlite_url)
    with database.engine.begin() as connection:
        connection.execute(text(change))
    with pytest.raises(WrongError, match=said):
        check(database, every(filled))
    database.engine.dispose()


def test_the_check_itself_changes_nothing(database: Database, filled: Filled) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE faxes SET pages = 99"))
    with pytest.raises(WrongError):
        check(database, every(filled))
    with database.engine.begin() as connection:
        assert connection.scalar(text("SELECT min(pages) FROM faxes")) == 99


def test_indexes_and_keys_are_back_after_loading(
    blank_database_url: str, database: Database
) -> None:
    migrations.check(blank_database_url)


def test_a_kept_callback_is_the_one_that_its_event_names(database: Database) -> None:
    joined = select(EventRow.digest, CallbackRow.digest).join(
        CallbackRow, CallbackRow.id == EventRow.callback_id
    )
    with database.engine.begin() as connection:
        pairs = connection.execute(joined).all()
    assert pairs
    assert all(of_event == of_callback for of_event, of_callback in pairs)


def test_the_same_seed_gives_the_same_faxes(exemplars: Exemplars, tmp_path: Path) -> None:
    samples = [fill(f"sqlite:///{tmp_path / name}", exemplars, 50, seed=7).samples for name in "ab"]
    assert samples[0] == samples[1]


def test_a_table_read_from_end_to_end_stands_out(database: Database) -> None:
    with overheard(database) as statements, database.engine.begin() as connection:
        connection.execute(select(EventRow.change).where(EventRow.detail == "nobody says this"))
    assert explain(database, statements).startswith("ALL OF fax_events")


def test_an_index_is_named_and_so_is_walking_all_of_it(database: Database) -> None:
    found = select(EventRow.fax_id).where(EventRow.change > 290).order_by(EventRow.change)
    with overheard(database) as statements, database.engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM feed"))
        connection.execute(found.limit(5))
    assert "fax_events uq_fax_events_change" in explain(database, statements)


def figure(faxes: int, milliseconds: float, rows: int = 50) -> Figure:
    times = Times()
    times.add(0, milliseconds / 1000)
    return Figure(faxes, times, times, [rows], "faxes pk")


def answer(goal: Goal, *milliseconds: float) -> Answer:
    figures = [figure(10**number, each) for number, each in enumerate(milliseconds, start=5)]
    return Answer("sqlite", Question("a question", QUESTIONS[0].word, goal), figures)


def test_a_disturbed_run_is_in_the_median_but_not_in_the_verdict() -> None:
    times = Times()
    for wording, milliseconds in ((0, 2), (1, 4), (2, 3), (0, 90), (1, 80), (2, 70)):
        times.add(wording, milliseconds / 1000)
    assert times.quiet_ms == 3
    assert times.median_ms == 37
    assert times.p99_ms == 90


def test_a_list_may_take_half_as_long_again_at_ten_times_the_faxes() -> None:
    assert answer(Goal.FLAT, 2.0, 3.0).is_met is True
    assert answer(Goal.FLAT, 2.0, 3.1).is_met is False
    assert answer(Goal.FLAT, 2.0).is_met is None


def test_a_year_is_counted_in_ten_milliseconds_or_it_is_not_met() -> None:
    assert answer(Goal.YEAR, 1.0, 9.9).is_met is True
    assert answer(Goal.YEAR, 1.0, 10.0).is_met is False


def test_a_way_through_a_whole_table_is_bad_even_if_it_is_quick() -> None:
    found = answer(Goal.FLAT, 1.0, 1.0)
    assert not found.is_bad
    found.figures[-1].path = "feed; ALL OF faxes"
    assert found.is_bad


def test_databases_are_gone_afterwards(tmp_path: Path) -> None:
    with place("postgresql", tmp_path, keep=False) as make:
        address = make("gone").replace("+psycopg", "")
        psycopg.connect(address).close()
    with pytest.raises(psycopg.OperationalError), closing(psycopg.connect(address)):
        pass


def test_a_disk_without_room_is_said_beforehand(tmp_path: Path) -> None:
    with pytest.raises(NoRoomError, match="ask for fewer --faxes"):
        check_room(tmp_path, 10**12)
