"""Rows into a migrated database as fast as each kind takes them."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, Final, Protocol

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

Rows = Sequence[Sequence[Any]]
"""Values in the order of the table's columns; ids, times and JSON as text."""

_TABLES: Final = """
SELECT format('%I', relname) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""
_KEYS: Final = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
        pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""
_INDEXES: Final = """
SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_SQLITE_INDEXES: Final = """
SELECT 'DROP INDEX ' || name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
"""
_SQLITE_LAX: Final = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;
PRAGMA cache_size=-400000;
"""


class Loader(Protocol):
    """Takes rows; afterwards the database is as after a life of service."""

    def add(self, table: str, rows: Rows) -> None:
        """Append these rows."""

    def execute(self, statement: str) -> None:
        """Run a statement that has no parameters."""


@contextmanager
def loading(database_url: str, *, logged: bool = False) -> Iterator[Loader]:
    """A loader; indexes and keys are away while it is used, and there again afterwards.

    Unless `logged`, PostgreSQL keeps no log of these tables, then or later: that is quicker,
    and right for databases that are only read.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database), isolation_level=None)) as connection:
            yield from _load_sqlite(connection)
        return
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as postgresql:
        yield from _load_postgresql(postgresql, logged=logged)


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, table: str, rows: Rows) -> None:
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    def execute(self, statement: str) -> None:
        self._connection.execute(statement)


class _Postgresql:
    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def add(self, table: str, rows: Rows) -> None:
        statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def execute(self, statement: str) -> None:
        self._connection.execute(statement.encode())


def _load_sqlite(connection: sqlite3.Connection) -> Iterator[Loader]:
    """In one transaction; nothing is gathered for the planner, since the service does not."""
    connection.executescript(_SQLITE_LAX)
    indexes = connection.execute(_SQLITE_INDEXES).fetchall()
    for drop, _ in indexes:
        connection.execute(drop)
    connection.execute("BEGIN")
    yield _Sqlite(connection)
    connection.execute("COMMIT")
    for _, create in indexes:
        connection.execute(create)


def _load_postgresql(connection: "psycopg.Connection[Any]", *, logged: bool) -> Iterator[Loader]:
    """Vacuumed as it would be in time, and with what was written behind us."""
    connection.execute("SET timezone = 'UTC'")
    tables = [table for (table,) in connection.execute(_TABLES)]
    laid_aside = [*connection.execute(_KEYS), *connection.execute(_INDEXES)]
    for drop, _ in laid_aside:
        connection.execute(drop.encode())
    for table in [] if logged else tables:
        connection.execute(f"ALTER TABLE {table} SET UNLOGGED".encode())
    yield _Postgresql(connection)
    connection.execute("SET maintenance_work_mem = '256MB'")
    for _, create in reversed(laid_aside):
        connection.execute(create.encode())
    connection.execute("VACUUM (ANALYZE)")
    # Who may not ask for it waits for the server's own.
    with suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute("CHECKPOINT")
