"""A connection to PostgreSQL that an event loop talks over, and goes on while it is answered.

A thread that waits for the server takes the interpreter from the loop and gives it back twice
for each statement, and each of these turns cost more than the statement. See `libpq`'s chapter
on asynchronous commands for the order of the calls.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from os import dup
from select import poll
from typing import Any, Final, TypeVar

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from faxhooks.db.prepared import is_unknown, rows_of
from faxhooks.db.steps import Ask, Rows, Steps, take_soon
from faxhooks.domain.errors import UnavailableError

T = TypeVar("T")

_IDLE: Final = 0
"""libpq's `PQTRANS_IDLE`."""


class Lines:
    """A line to the server that `engine` connects to, opened when it is first needed, and anew
    after trouble, but not when the server has only refused something. It does one piece of work
    at a time, for tasks of one loop.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._line: _Line | None = None

    async def do(self, steps: Steps[T], until: float) -> T:
        """Do this work; raises UnavailableError when time.monotonic() passes `until` first, and
        else whatever the work or the driver raises.
        """
        if self._line is None or self._line.is_over:
            # It may take seconds, and the loop must not stand still.
            pooled = await asyncio.to_thread(self._engine.raw_connection)
            self._line = _Line(pooled, asyncio.get_running_loop())
        line, self._line = self._line, None
        alarm = line.loop.call_later(until - time.monotonic(), line.cut)
        try:
            return await take_soon(steps, line.answer)
        except BaseException as error:
            if line.is_cut:
                raise UnavailableError("the database does not answer; try again") from error
            raise
        finally:
            alarm.cancel()
            if line.is_idle:
                self._line = line
            else:
                line.close()

    def close(self) -> None:
        """Hang up, from wherever it is called."""
        line, self._line = self._line, None
        if line is None:
            return
        if line.loop.is_running():
            line.loop.call_soon_threadsafe(line.close)
        else:
            line.close()


class _Line:
    """A connection of the pool's, and its socket as the loop watches it.

    The library closes the socket when it finds it broken, so the loop has one of its own.
    """

    def __init__(self, pooled: PoolProxiedConnection, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.is_over = self.is_cut = False
        self._pooled = pooled
        connection: Any = pooled.dbapi_connection
        self._connection = connection
        self._library = connection.pgconn
        self._library.nonblocking = 1
        self._socket = socket.socket(fileno=dup(connection.fileno()))
        self._trouble = poll()
        self._trouble.register(self._socket, 0)
        self._news: asyncio.Future[None] | None = None
        self._lost: Exception | None = None
        loop.add_reader(self._socket, self._hear)

    @property
    def is_idle(self) -> bool:
        """Whether the server has answered all that it was asked, and awaits more."""
        return self._lost is None and self._library.transaction_status == _IDLE

    def cut(self) -> None:
        """Let whoever waits for an answer hear at once that there is none."""
        self.is_cut = True
        self._lose(TimeoutError("no answer in time"))

    def close(self) -> None:
        """For good; without a word to the server, which may hang."""
        if not self.is_over:
            self.is_over = True
            if not self.loop.is_closed():
                self.loop.remove_reader(self._socket)
            with suppress(OSError):  # The other side was quicker.
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._pooled.invalidate()
            self._pooled.close()

    async def answer(self, ask: Ask) -> Rows:
        """What the server answers. Raises the errors of the driver (psycopg)."""
        prepared, values = ask.postgresql()

        def say() -> None:
            self._library.send_query_prepared(prepared.name, values)

        said = await self._said(say)
        if is_unknown(said):
            made = await self._said(
                lambda: self._library.send_prepare(prepared.name, prepared.words)
            )
            rows_of(self._connection, made)
            said = await self._said(say)
        return rows_of(self._connection, said)

    async def _said(self, say: Callable[[], None]) -> Any:
        """Say something and wait for all of the answer, of which the first part is the answer."""
        say()
        while self._library.flush():  # The socket does not take all of it at once.
            await self._wait(for_room=True)
        said = None
        while True:
            while self._library.is_busy():
                await self._wait()
            part = self._library.get_result()
            if part is None:
                return said
            said = said or part

    async def _wait(self, *, for_room: bool = False) -> None:
        """Until something has come, or there is room to say more. Raises how the line was lost."""
        if self._lost is None:
            self._news = self.loop.create_future()
            if for_room:
                self.loop.add_writer(self._socket, self._tell)
            try:
                await self._news
            finally:
                self._news = None
                if for_room:
                    self.loop.remove_writer(self._socket)
        if self._lost is not None:
            raise self._lost

    def _hear(self) -> None:
        try:
            self._library.consume_input()
            # uvloop tells of trouble once and never again, also where words came before it, as a
            # server's that is shut down do. So we hear it out.
            while self._trouble.poll(0):
                self._library.consume_input()
        except Exception as error:  # noqa: BLE001 (handed to whoever waits for it)
            self._lose(error)
        else:
            self._tell()

    def _lose(self, error: Exception) -> None:
        self._lost = error
        if self._news is None:
            self.close()  # Nobody is at work: the server has hung up in between.
        else:
            self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
