"""The database: how it is opened, how a transaction runs, and when we stop waiting."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import sqlalchemy
from sqlalchemy import Engine, event, exc
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from faxhooks.db.deadline import Watchdog
from faxhooks.domain.errors import UnavailableError

T = TypeVar("T")

HOOK_DEADLINE: Final = 2.5
"""Seconds for a hook's whole transaction; the provider is answered within 3."""
READ_DEADLINE: Final = 8.0
STREAM_DEADLINE: Final = 30.0
"""Seconds for each piece of a stream; the first may have to be sorted."""
MOST_STREAMS: Final = 4
"""Streams of one process at once; each has a connection of its own."""
_CONNECT_SECONDS: Final = 2
_LOCK_SECONDS: Final = 2.2
_TRIES: Final = 10
_AWAY = (exc.OperationalError, exc.InternalError, exc.InterfaceError, exc.TimeoutError)
_END: Final = object()
_DEADLOCKS = {"40001", "40P01", "55P03"}

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
_POSTGRESQL_STREAM = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL statement_timeout = 0; "
    # How long a slow reader may take between two pieces.
    "SET LOCAL idle_in_transaction_session_timeout = '60s'"
)


class BeginAgainError(Exception):
    """Raised by work that found the ground changed under it: roll back, and run it anew."""


class Database:
    """An engine with its rules: who may write, for how long, and what is tried again."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.engine = open_engine(url, pool_size)
        # SQLite has one writer: threads queue here, fairly, not in its sleeping retries.
        self._writers = threading.BoundedSemaphore(1 if self.is_sqlite else pool_size)
        self._readers = (
            threading.BoundedSemaphore(pool_size - 1) if self.is_sqlite else self._writers
        )
        self._streams = threading.BoundedSemaphore(MOST_STREAMS)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database, with its one writer."""
        return self.engine.dialect.name == "sqlite"

    def write(self, work: Callable[[Session], T], seconds: float = HOOK_DEADLINE) -> T:
        """Run `work` and commit it, wholly or not at all.

        A lost connection or a deadlock is tried again while there is time, so `work` may
        run more than once and must keep nothing outside the session. Raises
        UnavailableError when the database does not take it within `seconds`.
        """
        return self._run(work, seconds, self.engine)

    def read(self, work: Callable[[Session], T], seconds: float = READ_DEADLINE) -> T:
        """Run `work` in a read-only transaction. Raises UnavailableError like `write`."""
        return self._run(work, seconds, self.engine.execution_options(faxhooks_reads=True))

    def stream(
        self, work: Callable[[Session], Iterator[T]], seconds: float = STREAM_DEADLINE
    ) -> Iterator[T]:
        """Yield what `work` yields, all of it from one moment of the database.

        It has a read-only connection of its own, outside the pool, so that slow readers
        take none from the hooks; close the iterator to give it back early. `seconds` bound
        the wait for each piece. Raises UnavailableError like `read`, at any piece, and at the
        first when too many streams run already.
        """
        if not self._streams.acquire(blocking=False):
            raise UnavailableError("too many exports run at once; try again")
        try:
            with self._detached(seconds) as connection, Session(connection) as session:
                pieces: Iterator[T] | None = None
                while True:
                    with self._watched(connection, time.monotonic() + seconds):
                        pieces = work(session) if pieces is None else pieces
                        piece = next(pieces, _END)
                    if piece is _END:
                        return
                    yield cast("T", piece)
        except _AWAY as error:
            raise UnavailableError("the database does not answer; try again") from error
        finally:
            self._streams.release()

    @contextmanager
    def _detached(self, seconds: float) -> Iterator[Connection]:
        """A transaction on a connection that the pool has let go of, whose turn is free again.

        It ends by closing the socket, which does not wait for a server that may hang.
        """
        engine = self.engine.execution_options(faxhooks_reads=True)
        connection = self._begin_detached(engine, time.monotonic() + min(seconds, READ_DEADLINE))
        raw: Any = connection.connection.dbapi_connection
        try:
            yield connection
        finally:
            raw.close()
            connection.invalidate()
            connection.close()

    def _begin_detached(self, engine: Engine, until: float) -> Connection:
        """The pool may hold connections to a server that has been restarted since."""
        with self._turn(engine, until):
            connection = engine.connect()
            connection.detach()
            try:
                with self._watched(connection, until):
                    connection.begin()
                    if not self.is_sqlite:
                        connection.exec_driver_sql(_POSTGRESQL_STREAM)
            except _AWAY as error:
                connection.close()
                if not _passes(error):
                    raise
        if not connection.closed:
            return connection
        return self._begin_detached(engine, until)

    def _run(self, work: Callable[[Session], T], seconds: float, engine: Engine) -> T:
        until = time.monotonic() + seconds
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._once(work, until, engine)
            except BeginAgainError as error:
                if not tries_left or time.monotonic() > until - 0.2:
                    raise UnavailableError("too many change the same at once") from error
            except _AWAY as error:
                if not (tries_left and _passes(error) and time.monotonic() < until - 0.2):
                    raise UnavailableError("the database does not answer; try again") from error
        raise AssertionError("the last try returns or raises")

    def _once(self, work: Callable[[Session], T], until: float, engine: Engine) -> T:
        with (
            self._turn(engine, until),
            engine.connect() as connection,
            self._watched(connection, until),
            Session(connection, expire_on_commit=False) as session,
            session.begin(),
        ):
            return work(session)

    @contextmanager
    def _turn(self, engine: Engine, until: float) -> Iterator[None]:
        """Wait for a connection no longer than there is time, and never for more than one."""
        turns = self._writers if engine is self.engine else self._readers
        if not turns.acquire(timeout=max(0.0, until - time.monotonic())):
            raise UnavailableError("all connections to the database are busy; try again")
        try:
            _thread.until = until
            yield
        finally:
            _thread.until = None
            turns.release()

    @contextmanager
    def _watched(self, connection: Connection, until: float) -> Iterator[None]:
        if self.is_sqlite:  # SQLite has no server that could hang; busy_timeout bounds the wait.
            yield
            return
        raw: Any = connection.connection.dbapi_connection
        with _watchdog.watch(raw.fileno(), until):
            yield


_thread = threading.local()
"""`until`, by which this thread's transaction must have ended."""

_watchdog: Final = Watchdog()


def open_engine(url: str, pool_size: int = 10) -> Engine:
    """An engine on SQLite or PostgreSQL with the settings that keep its promises."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, pool_size)
    engine = sqlalchemy.create_engine(
        parsed,
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
    )
    event.listen(engine, "do_connect", _check_time_to_connect)
    event.listen(engine, "connect", _set_up_postgresql)
    event.listen(engine, "begin", _begin_postgresql)
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
    latest = getattr(_thread, "until", None) or math.inf
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
    until = getattr(_thread, "until", None)
    if until is not None and until - time.monotonic() < _CONNECT_SECONDS - 0.1:
        raise UnavailableError("no time is left to connect to the database; try again")


def _set_up_postgresql(connection: Any, _: ConnectionPoolEntry) -> None:
    """Watched as well, since a server can hang as soon as it has let us in."""
    until = getattr(_thread, "until", None) or time.monotonic() + _CONNECT_SECONDS
    with _watchdog.watch(connection.fileno(), until):
        connection.autocommit = True
        connection.execute(_POSTGRESQL_SETUP)
        connection.autocommit = False


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("faxhooks_reads", False):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _passes(error: exc.SQLAlchemyError) -> bool:
    """Whether the same work may succeed on another connection, or the next time."""
    if not isinstance(error, exc.DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _DEADLOCKS
