"""Who is measured, and how each is started: as the Procfile starts the service."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 15


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that answers hooks. One with a `database` keeps what it acknowledges there."""

    name: str
    application: str
    environ: Mapping[str, str] = field(repr=False)
    database: str | None = field(default=None, repr=False)


@contextmanager
def serving(contender: Contender, log: Path) -> Iterator[int]:
    """The port of 127.0.0.1 on which it answers, for a while. Raises RuntimeError with what
    it printed when it does not start.
    """
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    environ = {
        "PATH": os.environ["PATH"],
        **contender.environ,
        "PORT": str(port),
        "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, contender.application],
            cwd=ROOT,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(process, port, log)
        yield port
    finally:
        _stop(process)


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except (OSError, HTTPException):
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"a contender does not start:\n{log.read_text()}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to stop; end it and its children when it does not."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
