import json
import os
import runpy
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import KNOWN_SETTINGS

from tests.doors import ASGI, SHIPPED, WSGI, gunicorn

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "gunicorn.conf.py"
TOKEN = "Zr8kQ2vXw71mTn0bYhJ5"


APPS = {WSGI: "tests.served:app", ASGI: "tests.served:door"}


class Served:
    """A gunicorn with our configuration and the smallest application, by one of the doors."""

    def __init__(self, folder: Path, door: str = SHIPPED, **environ: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = folder / "log"
        settings = {
            "FAXHOOKS_ENV": "development",
            "DATABASE_URL": f"sqlite:///{folder / 'faxhooks.db'}",
            "SECRET_KEYS": "any",
            "PORT": str(self.port),
            "PATH": os.environ["PATH"],
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                gunicorn(door, APPS),
                cwd=ROOT,
                env=settings | environ,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def send(self, request: bytes) -> socket.socket:
        """A connection on which `request` was sent; it waits for the server to be up."""
        for _ in range(100):
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            except ConnectionRefusedError:
                time.sleep(0.1)
            else:
                connection.sendall(request)
                return connection
        raise AssertionError(self.log.read_text())

    def ask(self, path: str) -> bytes:
        """The whole answer to one request."""
        request = f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        with self.send(request.encode()) as connection, connection.makefile("rb") as answer:
            return answer.read()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """The seconds it takes to stop."""
        started = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(20) == 0, self.log.read_text()
        return time.monotonic() - started

    def lines(self) -> list[dict[str, Any]]:
        """What was logged, once every line of it is found to be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def serving(folder: Path, door: str = SHIPPED, **environ: str) -> Iterator[Served]:
    served = Served(folder, door, **environ)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.send_signal(signal.SIGQUIT)  # At once, but not without tidying up.
            served.process.wait(20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One that goes on from test to test."""
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


def test_every_setting_is_one_that_gunicorn_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAXHOOKS_ENV", "development")
    monkeypatch.setenv("SECRET_KEYS", "any")
    config = runpy.run_path(str(CONFIG))
    known = {setting.name for setting in KNOWN_SETTINGS}
    own = {"settings", "error"}
    said = {
        name
        for name, value in config.items()
        if name.islower() and not name.startswith("_") and type(value).__name__ != "module"
    }
    assert said - own <= known
    assert len(said & known) > 15


@pytest.mark.parametrize(
    ("door", "number"),
    [(ASGI, signal.SIGTERM), (ASGI, signal.SIGINT), (WSGI, signal.SIGTERM)],
)
def test_an_open_stream_ends_by_itself_when_the_process_has_to_stop(
    tmp_path: Path, door: str, number: signal.Signals
) -> None:
    request = b"GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"
    with (
        serving(tmp_path, door) as served,
        served.send(request) as connection,
        connection.makefile("rb") as answer,
    ):
        assert b"first\n" in iter(answer.readline, b"")
        assert served.stop(number) < 5
        assert b"last\n" in answer.read()


@pytest.mark.parametrize("door", [WSGI, ASGI])
def test_a_token_in_a_path_is_never_logged(tmp_path: Path, door: str) -> None:
    path = f"/fail/hooks/signalwire/{TOKEN}?From=%2B13104456789"
    refused = f"GET /hooks/signalwire/{TOKEN} HTTP/1.1 x\r\nHost: h\r\n\r\n"
    with serving(tmp_path, door) as served:
        assert served.ask(path).startswith(b"HTTP/1.1 500")
        with served.send(refused.encode()) as connection, connection.makefile("rb") as answer:
            said = answer.read()
        assert said.startswith(b"HTTP/1.1 400")
        assert served.ask(f"/hooks/signalwire/{TOKEN}").endswith(b"ok\r\n0\r\n\r\n")
        served.stop()
    written = json.dumps(served.lines()) + said.decode()
    assert "builtins.RuntimeError" in written
    assert "Invalid request" in written
    assert "/hooks/" not in written
    assert TOKEN not in written
    assert "4456789" not in written


def test_requests_that_went_well_leave_no_line(served: Served) -> None:
    served.ask("/")
    before = len(served.lines())
    for _ in range(3):
        served.ask("/")
    assert len(served.lines()) == before


def test_a_callback_with_long_fields_in_its_query_is_taken(served: Served) -> None:
    assert served.ask("/?MediaUrl=" + "a" * 8000).startswith(b"HTTP/1.1 200")
    assert served.ask("/?MediaUrl=" + "a" * 9000).startswith(b"HTTP/1.1 414")


def test_two_hundred_clients_that_never_finish_their_request_stop_nobody_else(
    served: Served,
) -> None:
    beginning = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nX-Slow"
    with ExitStack() as slow:
        for _ in range(200):
            slow.enter_context(served.send(beginning))
        started = time.monotonic()
        assert served.ask("/").startswith(b"HTTP/1.1 200")
        assert time.monotonic() - started < 3


def test_a_start_that_is_refused_says_why_and_nothing_else(tmp_path: Path) -> None:
    served = Served(
        tmp_path, SHIPPED, FAXHOOKS_ENV="production", PUBLIC_URL="http://fax.example.com"
    )
    assert served.process.wait(20) == 1
    said = served.log.read_text()
    assert said.startswith("faxhooks: this environment will not do:\n- PUBLIC_URL must")
    assert "Traceback" not in said


def test_the_counters_of_the_processes_are_gone_after_a_stop(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        counters = Path(served.ask("/counters").split(b"\r\n")[-4].decode())
        assert counters.name.startswith("faxhooks-metrics-")
        assert counters.is_dir()
        served.stop()
    assert not counters.exists()


def test_a_client_that_has_closed_its_side_is_answered(served: Served) -> None:
    with served.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 2) as connection:
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            assert answer.read().count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    ("target", "version"), [("http://h/counters", "1.1"), ("/counters", "1.0")]
)
def test_every_form_of_a_request_is_taken(served: Served, target: str, version: str) -> None:
    request = f"GET {target} HTTP/{version}\r\nHost: h\r\n\r\n"
    with served.send(request.encode()) as connection, connection.makefile("rb") as answer:
        assert b" 200 OK" in answer.readline()
        assert any(b"faxhooks-metrics-" in line for line in answer)


FEW = {"WEB_CONCURRENCY": "1", "GUNICORN_CMD_ARGS": "--worker-connections 6"}


def test_who_has_waited_longest_makes_room_for_who_comes(tmp_path: Path) -> None:
    """Idle ones, and those that never finish a request, alike; and a stop waits for neither."""
    beginnings = [b"", b"POST / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1234"]
    with serving(tmp_path, ASGI, **FEW) as served:
        served.ask("/")
        with ExitStack() as slow:
            held = [slow.enter_context(served.send(each)) for each in beginnings * 3]
            assert served.ask("/").startswith(b"HTTP/1.1 200")
            assert [connection.recv(1) for connection in held[:3]] == [b""] * 3
            held[-1].setblocking(False)
            with pytest.raises(BlockingIOError):
                held[-1].recv(1)
            served.stop()
        assert "Forcing close" not in served.log.read_text()
