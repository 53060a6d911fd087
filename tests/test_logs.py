import asyncio
import io
import json
import logging
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import pytest
import structlog

from faxhooks import logs
from faxhooks.scrubbing import MAX_DEPTH, scrub

TOKEN = "Zr8kQ2vXw71mTn0bYhJ5"
SECRETS = {
    "hook path": (f"/hooks/signalwire/{TOKEN}", TOKEN),
    "hook address": (f"https://fax.example.com/hooks/faxplus/{TOKEN}/?FaxSid=1", TOKEN),
    "hook address in a query": (f"Callback=https%3A%2F%2Fx%2Fhooks%2Ffaxplus%2F{TOKEN}", TOKEN),
    "request line": (f"GET /hooks/signalwire/{TOKEN} HTTP/1.1", TOKEN),
    "our key": (f"fhk_{TOKEN}", TOKEN),
    "Fax.Plus token": (f"alohi_pat_{TOKEN}_a-b", TOKEN),
    "SignalWire signing key": (f"PSK_{TOKEN}", TOKEN),
    "SignalWire API token": ("PT0f1e2d3c4b5a69788796a5b4c3d2e1f0", "0f1e2d3c4b5a"),
    "SignalWire API token in a query": ("t%3DPT0f1e2d3c4b5a69788796a5b4c3d2", "0f1e2d3c4b5a"),
    "webhook secret": (f"whsec_{TOKEN}+/=", TOKEN),
    "bearer": (f"Authorization: Bearer {TOKEN}", TOKEN),
    "bearer in another case": (f"authorization=bearer%20{TOKEN}", TOKEN),
    "basic": ("Basic cHJvamVjdDpzZWNyZXQ=", "cHJvamVjdDpzZWNyZXQ"),
    "database address": (f"postgresql://fax:{TOKEN}@db.example.com/fax", TOKEN),
    "refresh token": (f"POST /token?grant_type=refresh_token&refresh_token={TOKEN}", TOKEN),
    "database words": (f"host=db password={TOKEN} dbname=fax", TOKEN),
    "number": ("+13104456789", "4456789"),
    "number with spaces": ("+1 (31) 0 - 4456789", "4456789"),
    "number with dots": ("+49.30.4456789", "4456789"),
    "number with dashes": ("+1\u2010310\u20114456789", "4456789"),
    "number with hard spaces": ("+41\u00a044\u00a04456789", "4456789"),
    "number with a wide plus": ("\uff0b13104456789", "4456789"),
    "number in a query": ("/api/v1/faxes?to=%2B13104456789", "4456789"),
    "number in raw JSON": (r'{"to": "\u002b13104456789"}', "4456789"),
    "number too long": ("+1310445678901234567890", "901234567890"),
    "shortest number": ("+4456789", "4456789"),
    "number in our path": ("/api/v1/numbers/13104456789", "4456789"),
}

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged from here on, as the objects a collector would read."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    stream = io.StringIO()
    logs.configure("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture(params=SECRETS.values(), ids=SECRETS)
def secret(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A text, and the part of it that must not be read."""
    text, hidden = request.param
    return text, hidden


def fail(text: str) -> None:
    raise ValueError(f"\n{text}")


@contextmanager
def about(**facts: str) -> Iterator[None]:
    """What all lines are about meanwhile."""
    logs.begin(**facts)
    yield
    logs.begin()


class Opaque:
    """An object that JSON does not know and whose text tells too much."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<{self.text}>"


def test_a_secret_is_masked_in_the_words_of_an_event(lines: Lines, secret: tuple[str, str]) -> None:
    structlog.get_logger("web").info(f"got {secret[0]}, kept")
    assert secret[1] not in json.dumps(lines())
    assert "***" in lines()[0]["event"]


def test_a_secret_is_masked_in_fields_however_deep(lines: Lines, secret: tuple[str, str]) -> None:
    text, hidden = secret
    structlog.get_logger().info(
        "callback",
        plain=text,
        nested={"list": [{"tuple": (text, [text])}], text: "a key"},
        raw=text.encode(),
        opaque=Opaque(text),
        error=ValueError(text),
        names={text},
    )
    assert hidden not in json.dumps(lines())


def test_a_secret_is_masked_in_a_traceback(lines: Lines, secret: tuple[str, str]) -> None:
    text, hidden = secret
    for logger in (structlog.get_logger("ours"), logging.getLogger("theirs")):
        try:
            try:
                fail(text)
            except ValueError as cause:
                cause.add_note(text)
                raise RuntimeError(text) from cause
        except RuntimeError:
            logger.exception("failed")
    assert hidden not in json.dumps(lines())
    for line in lines():
        assert "Traceback (most recent call last)" in line["exception"]
        assert "in fail" in line["exception"]


def test_a_secret_is_masked_in_other_libraries_lines(lines: Lines, secret: tuple[str, str]) -> None:
    text, hidden = secret
    logger = logging.getLogger("gunicorn.test")
    logger.warning("Invalid request: %s", text)
    logger.warning("by name: %(text)s", {"text": text})
    logger.warning(text, extra={"uri": text, "parts": {"path": [text]}})
    assert hidden not in json.dumps(lines())
    assert len(lines()) == 3


def test_a_secret_is_masked_in_what_is_bound_to_the_request(
    lines: Lines, secret: tuple[str, str]
) -> None:
    text, hidden = secret
    with about(path=text):
        structlog.get_logger().bind(number=text).info("bound")
        logging.getLogger("theirs").info("also bound")
    assert hidden not in json.dumps(lines())
    assert all("***" in line["path"] for line in lines())


def test_the_short_way_writes_what_the_long_way_does(lines: Lines, secret: tuple[str, str]) -> None:
    text, hidden = secret
    facts = {"path": text, "status": 200, "odd": 2**70, "words": "caf\u00e9", text: None}
    with about(request_id=text):
        structlog.get_logger("web").info("request", **facts)
        logs.tell("request", "web", facts)
    long, short = ({**line, "time": "now"} for line in lines())
    assert short == {**long, "logger": "web"}
    assert list(short)[:4] == ["time", "level", "logger", "event"]
    assert hidden not in json.dumps(short)


def test_the_short_way_keeps_to_the_level_and_reports_what_it_cannot_write(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger().setLevel(logging.WARNING)
    logs.tell("request", "web", {})
    assert lines() == []
    gone = io.StringIO()
    logs.configure("info", gone)
    gone.close()
    logs.tell("request", "web", {"path": TOKEN})
    reported = capsys.readouterr().err
    assert "could not be written" in reported
    assert TOKEN not in reported


class Written(io.StringIO):
    """Notes what was handed over in one piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


def test_what_a_loop_tells_in_one_turn_is_written_at_its_end_in_whole_lines() -> None:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    written = Written()
    logs.configure("info", written)

    async def turns() -> None:
        for number in range(100):
            logs.tell("request", "web", {"number": number})
        assert len(written.pieces) < 10
        logging.getLogger("other").warning("now")
        for number in range(100, 103):
            logs.tell("request", "web", {"number": number})
        before = len(written.pieces)
        await asyncio.sleep(0)
        assert len(written.pieces) == before + 1

    asyncio.run(turns())
    logging.captureWarnings(False)
    root.setLevel(level)
    root.handlers[:] = handlers
    told = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [each.get("number") for each in told] == [*range(100), None, 100, 101, 102]
    assert all(piece.endswith("\n") and len(piece) <= 4096 for piece in written.pieces)


def test_a_secret_is_masked_in_a_warning(lines: Lines, secret: tuple[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)  # Else it believes that it does, where others asked for it.
        logging.captureWarnings(True)
        warnings.warn(secret[0], stacklevel=1)
        logging.captureWarnings(False)
    assert "UserWarning" in lines()[0]["event"]
    assert secret[1] not in json.dumps(lines())


def test_a_line_that_cannot_be_written_is_reported_without_what_it_said(
    lines: Lines, secret: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()  # pytest's own handlers would stop the test at such a line.
    root.handlers[:] = [known for known in root.handlers if type(known).__module__ == logs.__name__]
    logging.getLogger("theirs").info("%d pages", secret[0])
    structlog.get_logger("ours").info("%d pages", secret[0])
    reports = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [report["logger"] for report in reports] == ["theirs", "ours"]
    assert reports[0]["error"] == "TypeError"
    assert "test_logs.py:" in reports[0]["where"]
    assert secret[1] not in json.dumps([reports, lines()])


class Gone(io.StringIO):
    """A pipe that nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def test_nobody_who_logs_pays_for_a_stream_that_is_gone(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", Gone())
    root = logging.getLogger()
    root.handlers[:] = [known for known in root.handlers if type(known).__module__ == logs.__name__]
    logging.getLogger("theirs").warning("unheard")
    logs.tell("request", "web", {})
    logging.getLogger("theirs").warning("unheard")
    reports = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [report["error"] for report in reports] == ["BrokenPipeError"] * 3
    assert lines() == []


@pytest.mark.parametrize(
    "harmless",
    [
        "2026-11-20T18:33:00.123456Z",
        "2026-11-20 18:33:00+00:00",
        "fax 0199c2a1-7d60-7b3e-a1f5-3c9f0e6d2b11 is delivered",
        "POST /hooks/signalwire/<token> answered 200",
        "File faxhooks/providers/signalwire/callbacks.py, line 12",
        "basic checks passed, 12345678 rows",
        "error 34002 after 1+1 tries",
        "https://fax.example.com:8443/api/v1/faxes?limit=200",
    ],
)
def test_what_is_no_secret_stays_readable(harmless: str) -> None:
    assert scrub(harmless) == harmless


def test_a_line_is_one_json_object_with_its_time_in_utc(lines: Lines) -> None:
    before = datetime.now(UTC)
    structlog.get_logger("web").info("stored\nand\u2028kept \ud800", fax="f1", pages=3)
    (line,) = lines()
    assert list(line)[:4] == ["time", "level", "logger", "event"]
    assert (line["level"], line["logger"]) == ("info", "web")
    assert (line["fax"], line["pages"]) == ("f1", 3)
    assert line["time"].endswith("Z")
    assert before <= datetime.fromisoformat(line["time"]) <= datetime.now(UTC)


def test_ids_and_times_are_written_as_text_and_numbers_stay_numbers(lines: Lines) -> None:
    known = uuid.UUID("0199c2a1-7d60-7b3e-a1f5-3c9f0e6d2b11")
    structlog.get_logger().info(
        "types", id=known, at=datetime(2026, 1, 2, tzinfo=UTC), path=PurePosixPath("a/b"), ms=1.5,
        nan=float("nan"), none=None, yes=True,
    )  # fmt: skip
    (line,) = lines()
    assert line["id"] == str(known)
    assert line["at"] == "2026-01-02 00:00:00+00:00"
    assert line["path"] == "a/b"
    assert (line["ms"], line["nan"], line["none"], line["yes"]) == (1.5, "nan", None, True)


def test_nesting_without_end_is_cut_and_still_masked(lines: Lines) -> None:
    endless: dict[str, Any] = {"number": "+13104456789"}
    endless["self"] = endless
    structlog.get_logger().info("endless", endless=endless)
    written = json.dumps(lines())
    assert written.count('"self"') <= MAX_DEPTH
    assert "4456789" not in written


def test_lines_below_the_level_are_not_written(lines: Lines) -> None:
    structlog.get_logger().debug("too fine")
    logging.getLogger("theirs").debug("too fine")
    assert lines() == []


def test_configuring_again_replaces_what_was_there(lines: Lines) -> None:
    again = io.StringIO()
    logs.configure("DEBUG", again)
    structlog.get_logger().debug("once")
    logging.getLogger("theirs").info("once")
    assert lines() == []
    assert len(again.getvalue().splitlines()) == 2


def test_standard_output_is_where_lines_go_by_default(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info")
    structlog.get_logger().info("seen")
    assert json.loads(capsys.readouterr().out)["event"] == "seen"


def test_a_long_text_of_nothing_but_beginnings_is_read_in_time() -> None:
    for piece in ("/", "+", "://", "Bearer ", "/hooks/", "%2F", "+1", "/numbers", "password="):
        text = piece * (64_000 // len(piece))
        started = datetime.now(UTC)
        scrub(text)
        assert (datetime.now(UTC) - started).total_seconds() < 2, piece
