"""The database: how a transaction runs, and when we stop waiting."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Engine, event, exc
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from faxhooks.db.lines import Lines
from faxhooks.db.opening import SWIFT_WRITERS, open_engine, open_swift, turn, watchdog
from faxhooks.db.raw import borrowed, translated
from faxhooks.db.steps import Ask, Rows, Steps, take
from faxhooks.domain.errors import UnavailableError

T = TypeVar("T")
C = TypeVar("C")

HOOK_DEADLINE: Final = 2.5
"""Seconds for a hook's whole transaction; the provider is answered within 3."""
READ_DEADLINE: Final = 8.0
STREAM_DEADLINE: Final = 30.0
"""Seconds for each piece of a stream; the first may have to be sorted."""
MOST_STREAMS: Final = 4
"""Streams of one process at once; each has a connection of its own."""
_TRIES: Final = 10
_AWAY = (exc.OperationalError, exc.InternalError, exc.InterfaceError, exc.TimeoutError)
_END: Final = object()
_DEADLOCKS = {"40001", "40P01", "55P03"}

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
        self._swift = self.engine if self.is_sqlite else open_swift(url)
        self._lines = Lines(self._swift)
        if self._swift is not self.engine:
            event.listen(self.engine, "engine_disposed", lambda _: self._hang_up())
        # SQLite has one writer: threads queue here, fairly, not in its sleeping retries.
        self._writers = threading.BoundedSemaphore(1 if self.is_sqlite else pool_size)
        self._readers = (
            threading.BoundedSemaphore(pool_size - 1) if self.is_sqlite else self._writers
        )
        self._swift_writers = (
            self._writers if self.is_sqlite else threading.BoundedSemaphore(SWIFT_WRITERS)
        )
        self._streams = threading.BoundedSemaphore(MOST_STREAMS)

    def _hang_up(self) -> None:
        self._lines.close()
        self._swift.dispose()

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
        return self._run(self._once, work, seconds, self.engine)

    def write_at_once(self, work: Callable[[], Steps[T]], seconds: float = HOOK_DEADLINE) -> T:
        """The same for work that writes with its last statement alone, by the driver itself.

        Whatever lies between that and us costs a callback more than the statements do. On
        PostgreSQL each one is a transaction of its own, so that nothing has to be said before
        the first and after the last; on SQLite all are one, as in `write`.
        """
        once = self._once_by_transaction if self.is_sqlite else self._once_by_statement
        return self._run(once, work, seconds, self._swift)

    async def write_soon(self, work: Steps[T], until: float) -> T:
        """The same for a task of an event loop, one at a time and on PostgreSQL only. It is tried
        once: what it raises but UnavailableError is for `write_at_once` to try again.
        """
        return await self._lines.do(work, until)

    def read(self, work: Callable[[Session], T], seconds: float = READ_DEADLINE) -> T:
        """Run `work` in a read-only transaction. Raises UnavailableError like `write`."""
        reading = self.engine.execution_options(faxhooks_reads=True)
        return self._run(self._once, work, seconds, reading)

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

    def _run(
        self,
        once: Callable[[C, float, Engine], T],
        work: C,
        seconds: float,
        engine: Engine,
    ) -> T:
        until = time.monotonic() + seconds
        for tries_left in reversed(range(_TRIES)):
            try:
                return once(work, until, engine)
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

    def _once_by_transaction(self, work: Callable[[], Steps[T]], until: float, engine: Engine) -> T:
        with self._turn(engine, until), engine.begin() as connection:
            try:
                return self.take(work(), connection.connection.dbapi_connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise translated(engine, error) from error

    def _once_by_statement(self, work: Callable[[], Steps[T]], until: float, engine: Engine) -> T:
        with self._turn(engine, until), borrowed(engine, until) as connection:
            return self.take(work(), connection)

    def take(self, steps: Steps[T], connection: Any) -> T:
        """Take these steps over a connection of the driver's."""

        def answer(ask: Ask) -> Rows:
            if self.is_sqlite:
                return ask.sqlite(connection)
            prepared, values = ask.postgresql()
            return prepared.run(connection, values)

        return take(steps, answer)

    @contextmanager
    def _turn(self, engine: Engine, until: float) -> Iterator[None]:
        """Wait for a connection no longer than there is time, and never for more than one."""
        turns = (
            self._writers
            if engine is self.engine
            else self._swift_writers
            if engine is self._swift
            else self._readers
        )
        if not turns.acquire(timeout=max(0.0, until - time.monotonic())):
            raise UnavailableError("all connections to the database are busy; try again")
        try:
            turn.until = until
            yield
        finally:
            turn.until = None
            turns.release()

    @contextmanager
    def _watched(self, connection: Connection, until: float) -> Iterator[None]:
        if self.is_sqlite:  # SQLite has no server that could hang; busy_timeout bounds the wait.
            yield
            return
        raw: Any = connection.connection.dbapi_connection
        with watchdog.watch(raw.fileno(), until):
            yield


def _passes(error: exc.SQLAlchemyError) -> bool:
    """Whether the same work may succeed on another connection, or the next time."""
    if not isinstance(error, exc.DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _DEADLOCKS
