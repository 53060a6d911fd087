"""Logs a machine can read and a stranger may see: one JSON object a line, without secrets.

Our own lines and those of every library (gunicorn, sqlalchemy, alembic) take the same way,
so that the masking in `faxhooks.scrubbing` is passed by all of them, tracebacks too.
"""

import asyncio
import json
import logging
import sys
import traceback
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.types import EventDict, ExcInfo, Processor, WrappedLogger

from faxhooks.scrubbing import scrubbed

_FIRST: Final = ("time", "level", "logger", "event")
_TRACEBACK: Final = "Traceback (most recent call last):"
_MOST_CAUSES: Final = 10
_PIECE: Final = 4096
"""Bytes that are written to a pipe as a whole, on every system that is like Unix (`PIPE_BUF`)."""


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send everything logged from `level` up to `stream`, by default standard output.

    `level` is a name in any case. Calling it again replaces what was configured before.
    """
    handler = _Lines(sys.stdout if stream is None else stream)
    handler.setFormatter(_formatter())
    root = logging.getLogger()
    for earlier in [known for known in root.handlers if isinstance(known, _Lines)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # Seven lines at every start about what alembic is made of.
    logging.getLogger("alembic.runtime.plugins").setLevel("WARNING")
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_facts(),
            _written,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


_about: Final[ContextVar[Mapping[str, Any]]] = ContextVar("about", default=MappingProxyType({}))


def begin(**facts: Any) -> None:
    """What each line of this thread or task says from here on, and nothing said before it."""
    _about.set(facts)


def add(**facts: Any) -> None:
    """What each says as well."""
    _about.set({**_about.get(), **facts})


def tell(event: str, logger: str, facts: Mapping[str, Any]) -> None:
    """An informational line of our own, as `log.info` would write it, at a tenth of its price:
    each request has one, and the many steps of two libraries cost more than its commit did.

    Nothing is written unless `configure` was called.
    """
    root = logging.getLogger()
    for handler in root.handlers if root.isEnabledFor(logging.INFO) else ():
        if isinstance(handler, _Lines):
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            head = {"time": now, "level": "info", "logger": logger, "event": event}
            handler.tell({**head, **_about.get(), **facts})


class _Lines(logging.StreamHandler[TextIO]):
    """Writes the lines; a line that cannot be written is reported without what it said.

    What an event loop tells in one turn is written at its end, since to write a line takes longer
    than to make it. Nothing larger than a pipe takes as a whole is written at once, so that the
    lines of several processes do not run into each other.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._held: list[str] = []
        self._size = 0

    def tell(self, said: Mapping[str, Any]) -> None:
        """Write what is not a record."""
        with self.lock or nullcontext():
            try:
                line = _json(said) + self.terminator
            except Exception:  # noqa: BLE001 (reported, as logging does it)
                self.handleError(logging.makeLogRecord({"name": said["logger"]}))
                return
            if self._size + len(line) > _PIECE:
                self._let_go()
            self._held.append(line)
            self._size += len(line)
            if len(self._held) == 1:
                self._let_go_soon()

    def _let_go_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # A thread has no turns.
            self._let_go()
        else:
            loop.call_soon(self._let_go)

    def _let_go(self) -> None:
        """Write what is held back. Never raises: whoever logs next must not pay for it."""
        with self.lock or nullcontext():
            if not self._held:
                return
            held, self._held, self._size = self._held, [], 0
            try:
                self.stream.write("".join(held))
                super().flush()
            except Exception:  # noqa: BLE001 (reported, as logging does it)
                self.handleError(logging.makeLogRecord({"name": __name__}))

    def emit(self, record: logging.LogRecord) -> None:
        """After what was told before."""
        self._let_go()
        super().emit(record)

    def flush(self) -> None:
        """Also what is held back; as logging has it, it may raise."""
        self._let_go()
        super().flush()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Say where it was, since logging's own report prints the arguments unmasked."""
        kind = sys.exc_info()[0]
        report = {
            "level": "error",
            "event": "a log line could not be written",
            "logger": record.name,
            "where": f"{record.pathname}:{record.lineno}",
            "error": kind.__name__ if kind else None,
        }
        with suppress(OSError, ValueError):  # There is nowhere left to say that stderr is gone.
            sys.stderr.write(json.dumps(report) + "\n")


def _facts() -> list[Processor]:
    """What every line carries beside its words, whoever wrote it."""
    return [
        _what_it_is_about,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]


def _what_it_is_about(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**_about.get(), **event}


class _Line(str):
    """A line that is written already."""

    __slots__ = ()


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """What is written already needs none of the rest, which takes longer than the writing."""

    def format(self, record: logging.LogRecord) -> str:
        return record.msg if isinstance(record.msg, _Line) else super().format(record)


_LATER: Final = ("positional_args", "exc_info", "stack_info")
"""What is left to the formatter, since more than writing has to be done for it."""


def _written(logger: WrappedLogger, method: str, event: EventDict) -> tuple[Any, Any]:
    """Our own line at once; what cannot be written is left to the handler, which reports it and
    spares the caller.
    """
    if not any(name in event for name in _LATER):
        with suppress(Exception):
            return (_Line(_line(logger, method, event)),), {}
    return structlog.stdlib.ProcessorFormatter.wrap_for_formatter(logger, method, event)


def _formatter() -> logging.Formatter:
    return _Formatter(
        foreign_pre_chain=[*_facts(), structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # Last, so that a wrong placeholder spoils the line and not the caller's work.
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            frames,
            _line,
        ],
    )


def _frames(exc_info: ExcInfo) -> str:
    """Where an error came from and of which kind it is, but not what it said: errors quote
    what they were given, and nothing masks a name.
    """
    told: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None and len(told) < _MOST_CAUSES:
        kind = type(error)
        frames_of = "".join(traceback.format_tb(error.__traceback__))
        told.append(f"{_TRACEBACK}\n{frames_of}{kind.__module__}.{kind.__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nwhich came of this:\n\n".join(told)


frames: Final = structlog.processors.ExceptionRenderer(_frames)


def _line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """The masked object as one line of ASCII, which no terminal or collector stumbles over."""
    ordered = {name: event[name] for name in _FIRST if name in event}
    return _json({**ordered, **event})


def _json(said: Mapping[str, Any]) -> str:
    """Quick for what is ASCII as it stands, which is nearly everything."""
    masked = scrubbed(said)
    with suppress(TypeError):  # A number with more than 64 bits, half a character.
        line = orjson.dumps(masked)
        if line.isascii():
            return line.decode()
    return json.dumps(masked, separators=(",", ":"))
