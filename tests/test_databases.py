import concurrent.futures
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy

from tests.databases import Databases
from tests.servers import find_server

NOBODY = "postgresql://postgres@127.0.0.1:1/postgres"


def migrate(url: str) -> None:
    """A schema with all that emptying has to restore: keys, a sequence, rows and a trigger."""
    engine = sqlalchemy.create_engine(url)
    identity = "BIGINT GENERATED ALWAYS AS IDENTITY" if "postgresql" in url else "INTEGER"
    with engine.begin() as connection:
        for statement in (
            f"CREATE TABLE parents (id {identity} PRIMARY KEY, name TEXT)",
            "CREATE TABLE children (parent_id BIGINT NOT NULL REFERENCES parents (id))",
            "CREATE TABLE revision (id TEXT)",
            "INSERT INTO revision VALUES ('0001')",
        ):
            connection.execute(sqlalchemy.text(statement))
    engine.dispose()


@pytest.fixture
def run(databases: Databases, tmp_path: Path) -> Iterator[Databases]:
    """A run of its own on the server that all tests use."""
    environ = {"TEST_DATABASE_URL": databases.server.url}
    run = Databases(new_folder(databases, tmp_path), migrate, environ)
    yield run
    run.close()


def new_folder(databases: Databases, tmp_path: Path) -> Path:
    """Named after the whole run, so that the run drops what such a test may leave behind."""
    return Path(tempfile.mkdtemp(prefix=f"{databases.folder.name}_", dir=tmp_path))


def ask(url: str, *statements: str) -> list[Any]:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(sqlalchemy.text(statement))
        rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


def names(run: Databases) -> set[str]:
    said = run.server.execute("SELECT datname FROM pg_database")
    return {name for (name,) in said if name.startswith(run.folder.name)}


def test_a_used_database_is_empty_again_and_counts_from_one(run: Databases) -> None:
    first = run.postgresql()
    ask(first, "INSERT INTO parents (name) VALUES ('a')", "INSERT INTO children VALUES (1)")
    second = run.postgresql()
    assert second == first
    assert ask(second, "SELECT * FROM children") == []
    assert ask(second, "INSERT INTO parents (name) VALUES ('b') RETURNING id") == [(1,)]


def test_rows_that_a_migration_wrote_are_kept(run: Databases) -> None:
    run.postgresql()
    assert ask(run.postgresql(), "SELECT id FROM revision") == [("0001",)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE revision SET id = '0002'",
        "DELETE FROM revision",
        "DROP TABLE children",
        "CREATE TABLE more (id BIGINT)",
        "ALTER TABLE parents ADD COLUMN note TEXT",
        "ALTER TABLE parents ALTER COLUMN name SET NOT NULL",
        "CREATE INDEX by_name ON parents (name)",
    ],
)
def test_a_changed_schema_is_not_handed_on(run: Databases, change: str) -> None:
    first = run.postgresql()
    ask(first, change)
    second = run.postgresql()
    assert second != first
    assert ask(second, "SELECT id, name FROM parents, children") == []
    assert ask(second, "SELECT id FROM revision") == [("0001",)]
    assert len(names(run)) == 2


def test_a_connection_left_open_in_a_transaction_does_not_hold_the_next_test(
    run: Databases,
) -> None:
    url = run.postgresql()
    engine = sqlalchemy.create_engine(url)
    left = engine.connect()
    left.execute(sqlalchemy.text("LOCK TABLE parents IN ACCESS EXCLUSIVE MODE"))
    assert run.postgresql() == url
    left.invalidate()
    left.close()
    engine.dispose()


def test_a_database_that_a_test_dropped_is_replaced(run: Databases) -> None:
    url = run.postgresql()
    run.server.execute(f'DROP DATABASE "{sqlalchemy.make_url(url).database}" WITH (FORCE)')
    assert ask(run.postgresql(), "SELECT id FROM parents") == []


def test_a_blank_database_has_no_table_and_is_gone_afterwards(run: Databases) -> None:
    with run.blank_postgresql() as url:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert ask(url, tables) == [(0,)]
        assert len(names(run)) == 1
    assert names(run) == set()


def test_a_sqlite_database_is_a_copy_of_one_migrated_file(run: Databases, tmp_path: Path) -> None:
    first, second = run.sqlite(tmp_path / "1.db"), run.sqlite(tmp_path / "2.db")
    ask(first, "INSERT INTO parents (name) VALUES ('a')")
    assert ask(second, "SELECT * FROM parents") == []
    with closing(sqlite3.connect(tmp_path / "2.db")) as connection:
        assert connection.execute("SELECT id FROM revision").fetchall() == [("0001",)]


def test_everything_is_dropped_at_the_end_even_with_a_connection_open(
    run: Databases, databases: Databases, tmp_path: Path
) -> None:
    folder = new_folder(databases, tmp_path)
    ending = Databases(folder, migrate, {"TEST_DATABASE_URL": databases.server.url})
    engine = sqlalchemy.create_engine(ending.postgresql())
    left = engine.connect()
    assert len(names(ending)) == 2
    server = ending.server
    ending.close()
    said = server.execute("SELECT datname FROM pg_database")
    assert not [name for (name,) in said if name.startswith(folder.name)]
    assert not folder.exists()
    left.invalidate()
    left.close()
    engine.dispose()


def test_two_processes_that_ask_at_once_migrate_one_template(
    databases: Databases, tmp_path: Path
) -> None:
    folder = new_folder(databases, tmp_path)
    migrated: list[str] = []

    def count(url: str) -> None:
        migrated.append(url)
        migrate(url)

    environ = {"TEST_DATABASE_URL": databases.server.url}
    workers = [Databases(folder, count, environ) for _ in range(3)]
    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        urls = set(threads.map(lambda worker: worker.postgresql(), workers))
    assert len(urls) == 3
    assert len(migrated) == 1
    workers[0].close()


def test_a_migration_that_fails_fails_every_process(databases: Databases, tmp_path: Path) -> None:
    folder = new_folder(databases, tmp_path)
    tried: list[str] = []

    def fail(url: str) -> None:
        tried.append(url)
        raise ValueError("no such column")

    failing = Databases(folder, fail, {"TEST_DATABASE_URL": databases.server.url})
    with pytest.raises(ValueError, match="no such column"):
        failing.postgresql()
    with pytest.raises(RuntimeError, match="an earlier error says why"):
        failing.postgresql()
    assert len(tried) == 1
    failing.close()


def test_a_server_that_was_named_is_never_replaced_by_another(tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError):
        find_server(tmp_path, {"TEST_DATABASE_URL": NOBODY})


def test_a_server_may_be_named_as_a_paas_names_it(databases: Databases, tmp_path: Path) -> None:
    named = databases.server.url.replace("postgresql://", "postgres://", 1)
    started = "SELECT pg_postmaster_start_time()"
    found = find_server(tmp_path, {"TEST_DATABASE_URL": named})
    assert found.execute(started) == databases.server.execute(started)


@pytest.fixture
def lonely(databases: Databases) -> Iterator[Databases]:
    """A run that finds no server on this machine."""
    folder = Path(tempfile.mkdtemp(prefix=f"{databases.folder.name}_"))
    run = Databases(folder, migrate, {"TEST_LOCAL_DATABASE_URL": NOBODY})
    yield run
    if folder.exists():
        run.close()


def test_without_a_server_at_hand_one_is_brought_along_and_taken_away(lonely: Databases) -> None:
    url = lonely.postgresql()
    assert ask(url, "INSERT INTO parents (name) VALUES ('a') RETURNING id") == [(1,)]
    assert ask(lonely.postgresql(), "SELECT * FROM parents") == []
    assert ask(url, "SHOW fsync") == [("on",)]
    server = lonely.server
    lonely.close()
    assert not lonely.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        server.execute("SELECT 1")
