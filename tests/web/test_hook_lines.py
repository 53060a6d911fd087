"""What the log says of a callback."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from faxhooks import logs
from tests.story import Api, Hook, Service
from tests.web.entered import database_url, door, way

Lines = Callable[[], list[dict[str, Any]]]

__all__ = ["database_url", "door", "way"]


@pytest.fixture
def lines(service: Service) -> Iterator[Lines]:
    """What the service logs from here on."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    stream = io.StringIO()
    logs.configure("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_a_callback_is_one_line_which_says_what_it_did(hook: Hook, api: Api, lines: Lines) -> None:
    assert hook.signalwire(FaxSid="f1", FaxStatus="busy").status_code == 200
    (line,) = lines()
    said = {name: line[name] for name in ("event", "status", "provider", "verdict", "evidence")}
    assert said == {
        "event": "request",
        "status": 200,
        "provider": "signalwire",
        "verdict": "applied",
        "evidence": "signed",
    }
    assert line["account_id"] == str(hook.signalwire_account.id)
    assert line["callback_id"] == api.history("f1")[0]["callback_id"]


def test_one_that_could_not_be_read_is_warned_of_without_its_words(
    hook: Hook, lines: Lines
) -> None:
    assert hook.faxplus("a", "nobody-knows").status_code == 200
    warned, request = lines()
    assert (warned["level"], warned["event"]) == ("warning", "callback")
    assert warned["reason"] == "unknown status"
    assert warned["callback_id"] == request["callback_id"]
    assert request["verdict"] == "unrecognized"


def test_a_line_says_nothing_of_the_callback_before_it(hook: Hook, lines: Lines) -> None:
    assert hook.faxplus("a", "success").status_code == 200
    assert hook.transport.send("GET", "/healthz", {}, b"").status_code == 200
    callback, health = lines()
    assert callback["verdict"] == "applied"
    assert health.keys().isdisjoint({"callback_id", "account_id", "verdict"})
