"""Waiting for changes: one look-out per process wakes all who wait."""

import asyncio
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from faxhooks.db import feed
from faxhooks.db.engine import Database
from faxhooks.domain.errors import UnavailableError

log = structlog.get_logger()

News = tuple[int, bytes]
"""The number of a change, and what a stream says of all up to it."""

_LOOK_SECONDS: Final = 1.0
"""How often it looks although it was told of nothing, should a message be lost."""
_STOP_SECONDS: Final = 0.5
_SHARED_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 1.0


class Watch:
    """Knows the number of the last change while somebody waits for the next one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._last = 0
        self._waiting = 0
        self._tasks: set[asyncio.Future[None]] = set()
        self._thread: threading.Thread | None = None
        self._shared: dict[Hashable, tuple[float, News]] = {}

    def share(self, key: Hashable, find: Callable[[], News]) -> News:
        """What `find` gives, or gave just now to somebody with the same key, so that all who are
        woken by one change cost one query. That nothing is new is never shared.
        """
        now = time.monotonic()
        fresh = {k: told for k, told in self._shared.items() if now - told[0] < _SHARED_SECONDS}
        if key in fresh:
            return fresh[key][1]
        news = find()
        if news[1]:
            self._shared = {**fresh, key: (now, news)}
        return news

    def wait(self, after: int, seconds: float, stopping: Callable[[], bool]) -> None:
        """Return when there is a change behind `after`, the time is over or `stopping` says so."""
        until = time.monotonic() + seconds
        with self._changed:
            self._waiting += 1
            self._look_out()
            try:
                while self._last <= after and not stopping():
                    left = until - time.monotonic()
                    if left <= 0:
                        return
                    self._changed.wait(min(left, _STOP_SECONDS))
            finally:
                self._waiting -= 1

    async def wait_soon(self, after: int, seconds: float) -> None:
        """The same for a task of an event loop, which is cancelled when it has to end."""
        woken = asyncio.get_running_loop().create_future()
        with self._changed:
            if self._last > after:
                return
            self._waiting += 1
            self._tasks.add(woken)
            self._look_out()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(woken, seconds)
        finally:
            with self._changed:
                self._waiting -= 1
                self._tasks.discard(woken)

    def _look_out(self) -> None:
        """Started late, since a thread that a fork leaves behind does not live in the child."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="feed-watch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """Look for as long as anybody waits; a database that is away is asked again."""
        while self._waits():
            try:
                with feed.listening(self._database) as wait:
                    while self._waits():
                        self._publish(self._database.read(feed.last_number))
                        wait(_LOOK_SECONDS)
            except UnavailableError as error:
                log.warning("feed_watch_interrupted", error=type(error).__name__)
                time.sleep(_PAUSE_SECONDS)

    def _waits(self) -> bool:
        with self._changed:
            if not self._waiting:
                self._thread = None  # Said under the lock, so that who comes next starts anew.
            return self._waiting > 0

    def _publish(self, last: int) -> None:
        with self._changed:
            if last != self._last:
                self._last = last
                self._changed.notify_all()
                for woken in self._tasks:
                    woken.get_loop().call_soon_threadsafe(_wake, woken)


@dataclass(frozen=True, slots=True)
class Pause:
    """What an answer that goes on says when it has nothing to say: so many seconds, or, with a
    `watch`, no longer than until there is a change behind `after`.
    """

    seconds: float
    watch: Watch | None = None
    after: int = 0

    def wait(self, stopping: Callable[[], bool]) -> None:
        """In a thread of its own, where `stopping` ends it."""
        if self.watch is None:
            time.sleep(self.seconds)
        else:
            self.watch.wait(self.after, self.seconds, stopping)

    async def wait_soon(self) -> None:
        """In a task, which is cancelled when it has to end."""
        if self.watch is None:
            await asyncio.sleep(self.seconds)
        else:
            await self.watch.wait_soon(self.after, self.seconds)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
