"""gunicorn's worker with an event loop, and what its other workers have that it has not.

- It keeps any number of connections, and those that never finish a request for ever. Here
  `worker_connections` is the most: who has kept us waiting longest makes room for who comes.
- A client that has said all and closes its side was not answered any more; here it is.
- Idle connections made a stop last until `graceful_timeout`; here they are closed.
- What is no HTTP was refused in its own words, in which the hook's token may stand.

Each is held by a test in `tests/running`, since all of it leans on gunicorn's inside.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from gunicorn import util
from gunicorn.asgi.protocol import ASGIProtocol, BodyReceiver, CallbackRequest
from gunicorn.workers import gasgi

from faxhooks.web.bridge import TARGET

_LAST_CALL: Final = 1.0
"""Seconds after which a stop closes connections that nothing more comes from."""
_PATIENCE: Final = 2.0
"""The same for those that are in the middle of a request."""
_LOOK_SECONDS: Final = 0.1


class Connection(ASGIProtocol):  # type: ignore[misc]
    """One of a client's; it is `waiting` while no whole request is here to be answered."""

    _begun = _ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.worker.make_room()
        self.worker.waiting[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.waiting.pop(self, None)
        super().connection_lost(exc)

    def eof_received(self) -> bool:
        """Whether to stay, since an answer is due to who has closed its side."""
        self._ended = True
        receiver: BodyReceiver | None = self._body_receiver
        if receiver is None:
            return False
        self._tell_end(receiver)
        return True

    def data_received(self, data: bytes) -> None:
        self._begun = True
        super().data_received(data)

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has come yet."""
        return not self._begun

    def close(self) -> None:
        """Without another word."""
        self._close_transport()
        self._request_ready.set()

    def _close_transport(self) -> None:
        """Also where the other side is gone, so that gunicorn cannot say that ours is done."""
        super()._close_transport()
        self.transport.close()

    def _tell_end(self, receiver: BodyReceiver) -> None:
        """Nothing more comes; but what is here already is taken first."""
        if self._closed or receiver is not self._body_receiver:
            return
        if receiver._complete and not receiver._body_finished:
            self.worker.loop.call_later(_LOOK_SECONDS, self._tell_end, receiver)
        else:
            receiver.signal_disconnect()

    def _on_message_complete(self) -> None:
        self.worker.waiting.pop(self, None)
        super()._on_message_complete()

    def _arm_keepalive_timer(self) -> None:
        """Called when an answer is out and nothing follows yet."""
        if self._ended:
            self.close()
            return
        self._begun = False
        self.worker.waiting[self] = None
        super()._arm_keepalive_timer()

    def _will_close(self, request: CallbackRequest, response_requires_close: bool) -> bool:
        """HTTP/1.0 has to be told what is kept, which gunicorn does not."""
        return request.version < (1, 1) or bool(
            super()._will_close(request, response_requires_close)
        )

    def _build_http_scope(self, request: CallbackRequest, sockname: Any, peer: Any) -> Any:
        """With the target as it was sent, which ASGI takes apart; of one that names the host too,
        which a server has to take, its path.
        """
        if b"://" in request.raw_path and not request.raw_path.startswith(b"/"):
            raw = b"/" + request.raw_path.partition(b"://")[2].partition(b"/")[2]
            request.raw_path, request.path = raw, unquote_to_bytes(raw).decode("utf-8", "replace")
            request.uri = "/" + request.uri.partition("://")[2].partition("/")[2]
        scope = super()._build_http_scope(request, sockname, peer)
        scope[TARGET] = request.uri
        return scope

    def _send_error_response(self, status: int, _message: str, _extra: Any = ()) -> None:
        if status != HTTPStatus.INTERNAL_SERVER_ERROR:
            address = self.transport.get_extra_info("peername")
            self.log.warning("Invalid request from ip=%s", address and address[0])
        reason = HTTPStatus(status).phrase
        util.write_error(_Line(self._safe_write), status, reason, "")


@dataclass(frozen=True, slots=True)
class _Line:
    """As much of a socket as gunicorn needs to write an error to it."""

    sendall: Callable[[bytes], None]

    def gettimeout(self) -> float:
        return 0.0


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """What `worker_class` names. Besides gunicorn's own work it knows who keeps it waiting,
    in the order in which they began to.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.waiting: dict[Connection, None] = {}

    @classmethod
    def check_config(cls, _cfg: Any, _log: Any) -> None:
        """Without the warning that threads are for the other workers, which we know."""

    def make_room(self) -> None:
        """Close who has waited longest when there are too many connections."""
        if self.nr_conns > self.worker_connections and self.waiting:
            longest = next(iter(self.waiting))
            del self.waiting[longest]
            longest.close()

    async def _shutdown(self) -> None:
        closing = asyncio.ensure_future(self._close_waiting())
        await super()._shutdown()
        closing.cancel()

    async def _close_waiting(self) -> None:
        """Whoever says something meanwhile is answered, and told that it was the last time."""
        await asyncio.sleep(_LAST_CALL)
        for connection in [each for each in self.waiting if each.is_idle]:
            connection.close()
        await asyncio.sleep(_PATIENCE - _LAST_CALL)
        for connection in list(self.waiting):
            connection.close()


gasgi.ASGIProtocol = Connection  # gunicorn has no setting for it.
