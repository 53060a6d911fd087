"""A connection of a client's, which uvicorn reads and our worker keeps an eye on."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol

import httptools
from gunicorn import util
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from faxhooks.web.exchange import Exchange, OldExchange, Outlet
from faxhooks.web.heads import MOST_HEAD, Limits, RefusedError, read_line

log = logging.getLogger(__name__)

_MOST_QUEUED: Final = 100
"""Requests of one connection that wait for the answer to another; each takes a hundred times the
memory that it took to send.
"""


class Host(Protocol):
    """What a connection needs of the worker that it belongs to, and tells it."""

    config: Config
    serving: ServerState
    limits: Limits
    state: dict[str, Any]
    loop: asyncio.AbstractEventLoop
    alive: bool
    nr_conns: int
    waiting: "dict[Connection, None]"

    def make_room(self) -> None:
        """Called when one has come."""


class Connection(HttpToolsProtocol):
    """One of a client's; it is `waiting` while no whole request is here to be answered, and while
    its client does not read what it is answered.
    """

    cycle: Exchange
    """The last one that came."""
    answered: Exchange
    """The one whose turn it is, or was."""
    pipeline: Any
    """Those that wait for their turn, the next one last."""
    _ended = _in_head = False
    _bodiless = 0
    """Bytes since the last ones of a body, or of a whole request."""
    _refused: HTTPStatus | None = None

    def __init__(self, worker: Host) -> None:
        super().__init__(worker.config, worker.serving, worker.state, worker.loop)
        self.worker = worker

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.worker.nr_conns += 1
        self.worker.make_room()
        self.worker.waiting[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.nr_conns -= 1
        self.worker.waiting.pop(self, None)
        self._unset_keepalive_if_required()  # It would keep all of this until its time is over.
        if self.is_answering:
            self.answered.disconnected = True
            self.answered.message_event.set()
        super().connection_lost(exc)

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has come yet."""
        return not (self._in_head or self.is_answering)

    @property
    def is_answering(self) -> bool:
        """Whether an answer is due, or out in part."""
        return self.cycle is not None and not self.answered.response_complete

    def close(self) -> None:
        """Without another word."""
        self.transport.close()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether to stay, since an answer is due to who has closed its side."""
        self._ended = True
        if self.is_answering:
            for each in (self.answered, *(queued for queued, _ in self.pipeline)):
                each.end()
        return self.is_answering

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._bodiless += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as asked:
            rest = data[asked.args[0] :]
        except httptools.HttpParserError as error:
            self._refuse(getattr(error.__context__, "status", HTTPStatus.BAD_REQUEST))
            return
        else:
            if self._bodiless > MOST_HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        self._take_as_http(rest)

    def _take_as_http(self, rest: bytes) -> None:
        """A request that asks for another protocol is taken as if it had not: the parser leaves
        its body alone, which may be a callback.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join([*lines, b"", b""]) + rest)

    def _refuse(self, status: HTTPStatus) -> None:
        """Behind the answers to what came before, so that it does not look like one of them."""
        log.warning("Invalid request from ip=%s", self.client and self.client[0])
        self._refused = status
        if not self.is_answering or (self.answered.more_body and not self.pipeline):
            self._hang_up()
            return
        self._ended = True
        if self.cycle.more_body:  # It is the refused one, and waits for its turn.
            self.pipeline.popleft()

    def _hang_up(self) -> None:
        is_amid_answer = self.is_answering and self.answered.response_started
        if self._refused and not (is_amid_answer or self.transport.is_closing()):
            say = self.transport.write
            util.write_error(_Line(say), self._refused, self._refused.phrase, "")
        self.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Not one that WSGI could not tell from another, nor one that comes behind the body. The
        parser leaves the space behind a value, which is no part of it: signatures are compared.
        """
        if not self._in_head or b"_" in name:
            return
        super().on_header(name, value.rstrip(b" \t"))
        limits = self.worker.limits
        if len(self.headers) > limits.fields or len(name) + len(value) > limits.field_size:
            raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """As uvicorn does it, but with an `Exchange`, and with the target as it was sent."""
        self._in_head = False
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise RefusedError(HTTPStatus.NOT_IMPLEMENTED)
            return
        waits = self.is_answering
        if waits and len(self.pipeline) == _MOST_QUEUED:
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS)
        method, version = self.parser.get_method().decode("ascii"), self.parser.get_http_version()
        scope: Any = self.scope
        scope |= {"method": method, "http_version": version}
        scope |= read_line(method, self.url.decode("latin-1"), self.worker.limits)
        is_new = version == "1.1"
        self.cycle = (Exchange if is_new else OldExchange)(
            scope=self.scope,
            transport=Outlet(self.transport, self.loop, method),  # type: ignore[arg-type]
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue and is_new,
            keep_alive=is_new and self.parser.should_keep_alive() and self.worker.alive,
            on_response=self.on_response_complete,
        )
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self.answered = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        self._bodiless = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._bodiless = 0
        if self.parser.should_upgrade():
            return
        if not self.flow.write_paused:
            self.worker.waiting.pop(self, None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, unless the client has ended, or still sends what was
        refused.
        """
        if not self.pipeline and (self._ended or self.answered.more_body):
            self._hang_up()
        super().on_response_complete()
        if self.answered.more_body or not self.is_answering:
            self.worker.waiting[self] = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self.worker.waiting[self] = None

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.is_answering and not self.answered.more_body:
            self.worker.waiting.pop(self, None)


@dataclass(frozen=True, slots=True)
class _Line:
    """As much of a socket as gunicorn needs to write an error to it."""

    sendall: Callable[[bytes], None]

    def gettimeout(self) -> float:
        return 0.0
