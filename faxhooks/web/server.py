"""gunicorn's worker with an event loop, whose connections are uvicorn's.

gunicorn starts, watches and stops the process; how HTTP is spoken is uvicorn's, whose parser is
in C, and which takes a third of the processor time of gunicorn's own. What neither has is here:

- A client that never finishes its request is kept for ever. `worker_connections` is the most
  there are: who has kept us waiting longest makes room for who comes.
- The head of a request has limits, those of gunicorn's configuration; so has what is behind its
  body, and the number of requests that wait for the answer to another.
- What is refused behind a request does not look like the answer to it.
- HTTP/1.0 is answered without chunks, and the space behind a header's value is no part of it.
- A client that has said all and closes its side is answered, and one that closes it in the
  middle of a body is told from one that has said all.
- Idle connections are closed by a stop, and do not make it last.
- What is no HTTP is answered and logged without its own words, in which a token may stand.

Each is held by a test in `tests/running/test_worker.py`.
"""

import asyncio
from email.utils import formatdate
from typing import Any, Final

from gunicorn.workers import gasgi
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from faxhooks.web.connection import Connection
from faxhooks.web.heads import Limits

_LAST_CALL: Final = 1.0
"""Seconds after which a stop closes connections that nothing more comes from."""
_PATIENCE: Final = 2.0
"""The same for those that are in the middle of a request."""


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """What `worker_class` names. Besides gunicorn's own work it knows who keeps it waiting,
    in the order in which they began to.
    """

    config: Config
    limits: Limits

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.waiting: dict[Connection, None] = {}
        self.serving = ServerState()

    @classmethod
    def check_config(cls, _cfg: Any, _log: Any) -> None:
        """Without the warning that threads are for the other workers, which we know."""

    def load_wsgi(self) -> None:
        """Load the application, and tell uvicorn what to do with it."""
        super().load_wsgi()
        self.limits = Limits.of(self.cfg)
        self.config = Config(
            self.asgi,
            interface="asgi3",
            http=HttpToolsProtocol,
            ws="none",
            lifespan="off",  # It is gunicorn's.
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=self.cfg.keepalive,
        )
        self.config.load()

    def notify(self) -> None:
        """Each second: say that we live, and what time it is."""
        super().notify()
        self.serving.default_headers[:] = [(b"date", formatdate(usegmt=True).encode())]

    def make_room(self) -> None:
        """Drop who has waited longest when there are too many connections."""
        if self.nr_conns > self.worker_connections and self.waiting:
            longest = next(iter(self.waiting))
            del self.waiting[longest]
            longest.transport.abort()  # To close it would wait for who does not read.

    async def _shutdown(self) -> None:
        closing = asyncio.ensure_future(self._close_waiting())
        await super()._shutdown()
        closing.cancel()

    async def _close_waiting(self) -> None:
        """Whoever says something meanwhile is answered, and told that it was the last time."""
        connections: set[Any] = self.serving.connections
        for connection in connections:
            if connection.is_answering:
                connection.cycle.keep_alive = False
        await asyncio.sleep(_LAST_CALL)
        for connection in [each for each in self.waiting if each.is_idle]:
            connection.close()
        await asyncio.sleep(_PATIENCE - _LAST_CALL)
        for connection in [each for each in self.waiting if not each.flow.write_paused]:
            connection.close()


gasgi.ASGIProtocol = Connection  # gunicorn has no setting for it.
