"""A deadline on our side of the database's socket.

A server that hangs answers no timeout of its own: with a stopped backend, server-side and
TCP timeouts of 2 s returned after 12 s. Shutting the socket down from here makes the
waiting call fail at once.
"""

import heapq
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Watchdog:
    """One thread that shuts down each watched socket whose time has come."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int]] = []
        self._sockets: dict[int, int] = {}
        self._tickets = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, fileno: int, until: float) -> Iterator[None]:
        """Shut the socket down when time.monotonic() passes `until` inside the block.

        A duplicate of the descriptor is kept, so that the number cannot come to mean
        another socket in the meantime.
        """
        ticket, duplicate = next(self._tickets), os.dup(fileno)
        with self._changed:
            self._start()
            self._sockets[ticket] = duplicate
            heapq.heappush(self._due, (until, ticket))
            if self._due[0][1] == ticket:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._sockets.pop(ticket)
            os.close(duplicate)

    def _start(self) -> None:
        """Late, since a thread started before a fork does not live in the child."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="db-deadline", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                while self._due and self._due[0][0] <= now:
                    _, ticket = heapq.heappop(self._due)
                    if ticket in self._sockets:
                        _shut_down(self._sockets[ticket])
                self._changed.wait(self._due[0][0] - now if self._due else None)


def _shut_down(fileno: int) -> None:
    with socket.socket(fileno=os.dup(fileno)) as connection:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # The other side was quicker: the socket is closed, which is all we want.
