"""A relay that loses PostgreSQL's word that a transaction is committed."""

import socket
import threading
import time
from contextlib import suppress
from random import Random
from typing import Final

from tests.running.proxies import Relay

_IDLE: Final = b"Z\0\0\0\x05I"
"""`ReadyForQuery` outside of a transaction, which nobody but a server sends."""
_WRITTEN: Final = (b"COMMIT\0", b"INSERT 0 ", b"is_whole\0")
"""What it says before that of a transaction that wrote, or of a statement that is one by itself."""
_AWAY_SECONDS: Final = 0.03


class LostReplies(Relay):
    """From `begin` on cuts about every other connection on which a commit is answered.

    By then the transaction is committed, and who asked for it cannot know. After every other
    cut there is no connection at all for a moment, so that another try does not come through.
    """

    def __init__(self, database_url: str, random: Random) -> None:
        self.lost = 0
        self._random = random
        self._cutting = False
        self._away_until = 0.0
        self._counting = threading.Lock()
        super().__init__(database_url)

    def begin(self) -> None:
        """Lose replies from now on."""
        self._cutting = True

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._is_cut(data):
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _is_cut(self, data: bytes) -> bool:
        with self._counting:
            if time.monotonic() < self._away_until:
                return True
            if not self._cutting or not _is_committed(data) or self._random.random() < 0.5:
                return False
            self.lost += 1
            if self.lost % 2:
                self._away_until = time.monotonic() + _AWAY_SECONDS
            return True


def _is_committed(data: bytes) -> bool:
    return _IDLE in data and any(word in data for word in _WRITTEN)
