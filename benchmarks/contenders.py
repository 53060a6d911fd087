"""Who is measured: how each is started, and how its database is compared with its answers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from benchmarks.keeping import Kept

ROOT: Final = Path(__file__).parents[1]
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 15

LookUp = Callable[[Iterable[bytes]], Kept]
"""Compares the bodies that were acknowledged with those that are stored."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that answers hooks; `{port}` in its command stands for the port.

    One with a `look_up` keeps what it acknowledges. A peer is what a user might take instead.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    look_up: LookUp | None = field(default=None, repr=False)
    is_peer: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """A contender that answers. `seconds` is from its start to its first answer."""

    port: int
    process: "subprocess.Popen[bytes]"
    seconds: float

    def megabytes(self) -> float:
        """Resident memory of its largest process, which is a worker."""
        return max(map(_resident, _session(self.process.pid))) / 1e6

    def peak_megabytes(self) -> float:
        """The most that it ever was."""
        return max(map(_peak, _session(self.process.pid))) / 1e6


def gunicorn(*arguments: str) -> tuple[str, ...]:
    """The command of what runs on our own gunicorn, with our own configuration."""
    return (sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", *arguments)


@contextmanager
def serving(contender: Contender, log: Path) -> Iterator[Started]:
    """Start it on a port of 127.0.0.1, for a while. Raises RuntimeError with what it printed
    when it does not start.
    """
    port = _free_port()
    environ = {
        "PATH": os.environ["PATH"],
        **contender.environ,
        "PORT": str(port),
        "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}",
    }
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in contender.command],
            cwd=ROOT,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(process, port, log)
        yield Started(port, process, time.monotonic() - began)
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
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"a contender does not start:\n{log.read_text()}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to stop, and end whatever of it does not."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _session(leader: int) -> Iterator[int]:
    """The processes that a contender consists of: it was started as a session of its own."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getsid(int(path.name)) == leader:
                yield int(path.name)


def _resident(process: int) -> int:
    """In bytes; 0 for one that has just ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _peak(process: int) -> int:
    """In bytes; 0 for one that has just ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        found = next((line for line in lines if line.startswith("VmHWM:")), "VmHWM: 0 kB")
        return int(found.split()[1]) * 1024
    return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
