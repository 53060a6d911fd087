"""Databases for tests: migrated, empty and private ones, on SQLite and PostgreSQL.

A run migrates one template of each, however many processes it has. SQLite's is copied for
every test. Of PostgreSQL's each process keeps one clone and empties it between tests, which
takes 10 ms where making and dropping a clone takes 50; where emptying would not give back
exactly the template, as after a changed schema, a new clone is made.
"""

import fcntl
import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.servers import Server, find_server

Migrate = Callable[[str], None]

_TABLES = """
SELECT format('%I', relname) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
_SCHEMA = """
SELECT md5(string_agg(said, E'\\n' ORDER BY said)) FROM (
    SELECT format('%s %s %s %s %s', attrelid::regclass, attname, atttypid, atttypmod, attnotnull)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
    UNION ALL SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index
        JOIN pg_class c ON c.oid = indrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
) AS everything(said)
"""
_CLOSE_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_RESTART = """
SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
"""


class Databases:
    """The databases of one run; the run's processes share `folder`, whose name is unique."""

    def __init__(
        self, folder: Path, migrate: Migrate, environ: Mapping[str, str] = os.environ
    ) -> None:
        self.folder = folder
        self._migrate = migrate
        self._environ = environ
        self._clone: str | None = None
        self._label = secrets.token_hex(3)
        self._made = 0

    def sqlite(self, path: Path) -> str:
        """The address of a migrated, empty SQLite database at `path`."""
        shutil.copyfile(self._once("sqlite", self._make_sqlite), path)
        return f"sqlite:///{path}"

    def postgresql(self) -> str:
        """The address of this process's PostgreSQL database, migrated and empty again."""
        template = self._once("template", self._make_template)
        if self._clone is None or not self._emptied(self._clone, template):
            if self._clone is not None:
                self._drop(self._clone)
            self._clone = self._create(template["name"])
        return self.server.address(self._clone)

    @contextmanager
    def blank_postgresql(self) -> Iterator[str]:
        """The address of a PostgreSQL database without any table, for a while."""
        name = self._create("template0")
        try:
            yield self.server.address(name)
        finally:
            self._drop(name)

    @property
    def server(self) -> Server:
        """The server of this run, found by whoever of its processes asks first."""
        return Server(**self._once("server", self._find_server))

    def close(self) -> None:
        """Drop whatever the run's processes made; to be called once, after all of them."""
        if (self.folder / "server.json").exists():
            server = self.server
            mine = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            for (name,) in server.execute(mine, [self.folder.name]):
                self._drop(name)
            server.stop()
        shutil.rmtree(self.folder)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gave the first process that asked; if it failed, all of them fail."""
        path = self.folder / f"{name}.json"
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                failed = path.with_suffix(".failed")
                if failed.exists():
                    raise RuntimeError(failed.read_text())
                failed.write_text(f"the {name} could not be made; an earlier error says why")
                path.write_text(json.dumps(make()))
            return json.loads(path.read_text())

    def _find_server(self) -> dict[str, str | None]:
        server = find_server(self.folder, self._environ)
        return {"url": server.url, "data": server.data}

    def _make_sqlite(self) -> str:
        path = self.folder / "template.db"
        self._migrate(f"sqlite:///{path}")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return str(path)

    def _make_template(self) -> dict[str, Any]:
        """Migrate it, and note what a clone must look like to be as good as a new one."""
        name = self._create("template0")
        self._migrate(self.server.address(name))
        with self.server.connect(name) as connection:
            connection.execute(_CLOSE_OTHERS)
            tables = [table for (table,) in connection.execute(_TABLES)]
            kept = [table for table in tables if _content(connection, table)]
            schema = _state(connection, kept)
        return {"name": name, "kept": kept, "state": schema}

    def _emptied(self, clone: str, template: dict[str, Any]) -> bool:
        """Whether the clone could be made equal to the template again."""
        try:
            with self.server.connect(clone) as connection:
                connection.execute(_CLOSE_OTHERS)
                if _state(connection, template["kept"]) != template["state"]:
                    return False
                connection.execute("SET session_replication_role = replica")
                for (table,) in connection.execute(_TABLES).fetchall():
                    if table not in template["kept"]:
                        connection.execute(f"DELETE FROM {table}".encode())
                connection.execute(_RESTART)
        except psycopg.Error:  # It was dropped, or we are no superuser: a new one will do.
            return False
        return True

    def _create(self, template: str) -> str:
        self._made += 1
        name = f"{self.folder.name}_{self._label}_{self._made}"
        self.server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def _drop(self, name: str) -> None:
        self.server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _content(connection: "psycopg.Connection[Any]", table: str) -> Any:
    query = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
    row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def _state(connection: "psycopg.Connection[Any]", kept: list[str]) -> list[Any]:
    """The schema, and the rows that the migrations themselves wrote."""
    row = connection.execute(_SCHEMA).fetchone()
    return [row and row[0], *(_content(connection, table) for table in kept)]
