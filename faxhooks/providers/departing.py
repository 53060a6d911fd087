"""Whether a byte of a request has left this machine: until then nothing can have been done.

An error's kind does not tell. A certificate that is refused, a handshake that takes too long and
an answer that never comes are all of the same family, yet after the last alone a fax may have been
sent. So the connection itself notes when it is first given something to send.
"""

import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class Departures(threading.local):
    """Whether a request of this thread has begun to leave since `seen` was last unset."""

    seen = False


DEPARTURES = Departures()


class _Plain(HTTPConnection):
    def send(self, data: Any) -> None:
        """Connect first, which `http.client` does in here too: that much may fail in peace."""
        if self.sock is None:
            self.connect()
        DEPARTURES.seen = True
        super().send(data)


class _Encrypted(HTTPSConnection):
    def send(self, data: Any) -> None:
        """The same, behind the handshake."""
        if self.sock is None:
            self.connect()
        DEPARTURES.seen = True
        super().send(data)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class WatchedAdapter(HTTPAdapter):
    """Sends requests for `requests`, and notes their departure."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """With connections that watch."""
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": _PlainPool, "https": _EncryptedPool}
        self.poolmanager.pool_classes_by_scheme = pools
