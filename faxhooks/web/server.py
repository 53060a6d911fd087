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
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import httptools
from gunicorn import util
from gunicorn.workers import gasgi
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from faxhooks.web.bridge import TARGET

log = logging.getLogger(__name__)

_LAST_CALL: Final = 1.0
"""Seconds after which a stop closes connections that nothing more comes from."""
_PATIENCE: Final = 2.0
"""The same for those that are in the middle of a request."""
_MOST_HEAD: Final = 64 * 1024
"""Bytes of a request that are none of its body in one go: of its head, which is more than a proxy
would hand on, of what is said of a chunk, and of headers behind the last one.
"""
_MOST_QUEUED: Final = 100
"""Requests of one connection that wait for the answer to another; each takes a hundred times the
memory that it took to send.
"""

_HOST: Final = re.compile(r"[^/]*//[^/?]*")
"""What stands before the path and the query of a target that names its host."""


class RefusedError(Exception):
    """A head that is not taken, and the status that says why."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Outlet:
    """Writes the head of an answer together with what follows it at once, since each write is
    a packet of its own, and costs as much as reading the request.
    """

    def __init__(self, connection: "Connection", method: str) -> None:
        self.close = connection.transport.close
        self.is_closing = connection.transport.is_closing
        self._write = connection.transport.write
        self._loop = connection.loop
        # What follows a head is said to be nothing by an empty body, but for this method.
        self._is_first = method != "HEAD"
        self._head = b""
        self._later: asyncio.Handle | None = None

    def write(self, data: bytes) -> None:
        """The first time it is the head, which is held until the loop has its next turn."""
        if self._is_first:
            self._is_first = False
            self._head = data
            self._later = self._loop.call_soon(self._flush)
        elif self._later is not None:
            self._later.cancel()
            self._flush(data)
        else:
            self._write(data)

    def _flush(self, data: bytes = b"") -> None:
        self._later = None
        self._write(self._head + data)


class Exchange(RequestResponseCycle):
    """A request and its answer; the client may have closed its side and still await it."""

    has_ended = _is_read = False

    def end(self) -> None:
        """Nothing more comes from the client."""
        self.has_ended = True
        self.message_event.set()

    async def receive(self) -> Any:
        """What is here already is handed over first; what is missing then is cut."""
        if self.has_ended and not self.body and (self.more_body or self._is_read):
            return {"type": "http.disconnect"}
        message = await super().receive()
        self._is_read = not message.get("more_body")
        return message

    async def run_asgi(self, app: Any) -> None:
        """An answer that was begun and not ended is cut, so that it does not look whole."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # The client has left.
            self.transport.close()
        except Exception:
            log.exception("request_failed")
            if self.response_started:
                self.transport.close()
            else:
                await self.send_500_response()
        finally:
            self.on_response = lambda: None


class OldExchange(Exchange):
    """One with a client of HTTP/1.0, who knows no chunks: what has no length ends with the
    connection.
    """

    _is_sized = True

    def end(self) -> None:
        """An answer without a length is not cut for it, since it would look whole."""
        if self.more_body:
            super().end()

    async def send(self, message: Any) -> None:
        if not self.response_started:
            self._is_sized = b"content-length" in dict(message.get("headers", ()))
            self.chunked_encoding = None if self._is_sized else False
        if not self._is_sized:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)


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

    def __init__(self, worker: "Worker") -> None:
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
            if self._bodiless > _MOST_HEAD:
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
        """As uvicorn does it, but with an `Exchange`, and with the target as it was sent, which
        ASGI takes apart; of one that names the host too, which a server has to take, its path.
        """
        self._in_head = False
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise RefusedError(HTTPStatus.NOT_IMPLEMENTED)
            return
        waits = self.is_answering
        if waits and len(self.pipeline) == _MOST_QUEUED:
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS)
        method, target = self.parser.get_method().decode("ascii"), self.url.decode("latin-1")
        if len(method) + len(target) + len(" HTTP/1.1") > self.worker.limits.line:
            raise RefusedError(HTTPStatus.REQUEST_URI_TOO_LONG)
        if not target.startswith(("/", "*")):
            target = "/" + _HOST.sub("", target, count=1).removeprefix("/")
        version = self.parser.get_http_version()
        path, _, query = target.partition("?")
        scope: Any = self.scope
        scope |= {
            "method": method,
            "http_version": version,
            "path": unquote(path) if "%" in path else path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            TARGET: target,
        }
        is_new = version == "1.1"
        self.cycle = (Exchange if is_new else OldExchange)(
            scope=self.scope,
            transport=Outlet(self, method),  # type: ignore[arg-type]
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
        task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_body(self, body: bytes) -> None:
        """As uvicorn does it, but that more than a body may be too much."""
        self._bodiless = 0
        if self.cycle.response_complete:
            return
        self.cycle.body += body
        if len(self.cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        self.cycle.message_event.set()

    def on_message_complete(self) -> None:
        self._bodiless = 0
        if self.parser.should_upgrade():
            return
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


@dataclass(frozen=True, slots=True)
class _Limits:
    """Those of gunicorn's configuration, where 0 is none; it looks each of them up anew, which
    took a third of the time of a request.
    """

    line: int
    fields: int
    field_size: int

    @classmethod
    def of(cls, cfg: Any) -> "_Limits":
        """Of this configuration."""
        given = cfg.limit_request_line, cfg.limit_request_fields, cfg.limit_request_field_size
        return cls(*(limit or _MOST_HEAD for limit in given))


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """What `worker_class` names. Besides gunicorn's own work it knows who keeps it waiting,
    in the order in which they began to.
    """

    config: Config
    limits: _Limits

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
        self.limits = _Limits.of(self.cfg)
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
