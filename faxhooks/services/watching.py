"""Waiting for changes: one look-out per process wakes all who wait."""

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from faxhooks.db import feed
from faxhooks.db.engine import Database
from faxhooks.domain.errors import UnavailableError

log = structlog.get_logger()

_LOOK_SECONDS: Final = 1.0
"""How often it looks although it was told of nothing, should a message be lost."""
_STOP_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 1.0


class Watch:
    """Knows the number of the last change while somebody waits for the next one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._last = 0
        self._waiting = 0
        self._thread: threading.Thread | None = None

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
