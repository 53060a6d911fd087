"""How connections are opened, with the settings that keep the promises."""

import math
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from sqlalchemy import Engine, event, exc
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from faxhooks.db.deadline import Watchdog
from faxhooks.domain.errors import UnavailableError

SWIFT_WRITERS: Final = 2
"""Connections of one process for callbacks alone; one commits while the next group looks."""
_CONNECT_SECONDS: Final = 2
_LOCK_SECONDS: Final = 2.2

turn = threading.local()
"""`until`, by which this thread's transaction must have ended."""

watchdog: Final = Watchdog()

_SQLITE_SETUP = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5",
)
_POSTGRESQL_SETUP = (
    "SET timezone = 'UTC'; SET statement_timeout = '8s'; SET lock_timeout = '2s'; "
    "SET idle_in_transaction_session_timeout = '10s'; "
    # Starting the helpers of one query takes longer than any page does.
    "SET max_parallel_workers_per_gather = 0"
)
_POSTGRESQL_SWIFT = (
    _POSTGRESQL_SETUP + "; "
    # The few statements that callbacks cost always go by the indexes. Left to itself the server
    # makes a plan for each call anew, or keeps one that it made while the tables were small.
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; "
    "SET enable_hashjoin = off; SET enable_mergejoin = off"
)


def open_engine(url: str, pool_size: int = 10) -> Engine:
    """An engine on SQLite or PostgreSQL with the settings that keep its promises."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, pool_size)
    engine = _open_postgresql(parsed, pool_size, _POSTGRESQL_SETUP)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def open_swift(url: str) -> Engine:
    """Connections of which every statement commits by itself, so that nothing is left to undo."""
    return _open_postgresql(
        make_url(url),
        SWIFT_WRITERS,
        _POSTGRESQL_SWIFT,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_reset_on_return=None,
    )


def _open_postgresql(url: URL, pool_size: int, setup: str, **more: Any) -> Engine:
    engine = sqlalchemy.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=1,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "keepalives_idle": 10,
            "tcp_user_timeout": 3000,
        },
        **more,
    )
    event.listen(engine, "do_connect", _check_time_to_connect)
    event.listen(engine, "connect", partial(_set_up_postgresql, setup))
    return engine


def _open_sqlite(url: URL, pool_size: int) -> Engine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sqlalchemy.create_engine(
        url, pool_size=pool_size, max_overflow=0, pool_timeout=1, hide_parameters=True
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # We begin transactions ourselves, in _begin_sqlite.
    for statement in _SQLITE_SETUP:
        connection.execute(statement)


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: to upgrade a reader fails without waiting its turn.

    SQLite's own waiting sleeps up to 0.1 s between two looks, in which a busy process takes
    the lock many times over; a look every other millisecond gets its turn. Who has waited for
    a turn here before has that much less time left for the lock.
    """
    if connection.get_execution_options().get("faxhooks_reads", False):
        connection.exec_driver_sql("BEGIN")
        return
    latest = getattr(turn, "until", None) or math.inf
    until = min(time.monotonic() + _LOCK_SECONDS, latest)
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except exc.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.002)
        else:
            return


def _check_time_to_connect(*_: Any) -> None:
    """The driver waits two whole seconds for a server that does not answer, and no less."""
    until = getattr(turn, "until", None)
    if until is not None and until - time.monotonic() < _CONNECT_SECONDS - 0.1:
        raise UnavailableError("no time is left to connect to the database; try again")


def _set_up_postgresql(setup: str, connection: Any, _: ConnectionPoolEntry) -> None:
    """Watched as well, since a server can hang as soon as it has let us in."""
    until = getattr(turn, "until", None) or time.monotonic() + _CONNECT_SECONDS
    with watchdog.watch(connection.fileno(), until):
        autocommit, connection.autocommit = connection.autocommit, True
        connection.execute(setup)
        connection.autocommit = autocommit


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("faxhooks_reads", False):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
