"""A real gunicorn on a real port, started as the Procfile starts it."""

import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from faxhooks.app import create_app
from faxhooks.services.keys import create_key
from faxhooks.services.parts import Parts
from tests.doors import BROKEN, DOORS, SHIPPED, gunicorn
from tests.story import PUBLIC_URL, SECRET, Api, Hook, add_accounts, settings_for

ROOT = Path(__file__).parents[2]


class Network:
    """Requests over the wire, one connection per thread kept open; `timeout` in seconds."""

    def __init__(self, port: int, timeout: float = 30) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._timeout = timeout
        self._sessions = threading.local()

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any:
        session = getattr(self._sessions, "session", None)
        if session is None:
            session = self._sessions.session = requests.Session()
            session.trust_env = False  # To look for proxies takes longer than the request.
        return session.request(
            method, self.base + target, headers=dict(headers), data=body, timeout=self._timeout
        )


class Running:
    """A gunicorn with two accounts and a key; `output` is what it printed."""

    def __init__(
        self, database_url: str, output: Path, door: str = SHIPPED, **environ: str
    ) -> None:
        self.port = free_port()
        self.output = output
        self._door = door
        self._environ = {
            "PATH": os.environ["PATH"],
            "FAXHOOKS_ENV": "production",
            "DATABASE_URL": database_url,
            "PUBLIC_URL": PUBLIC_URL,
            "SECRET_KEYS": SECRET,
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "2",
            **environ,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when it answers. Raises AssertionError when it does not."""
        # A variant that is broken on purpose is served in place of the application itself.
        command = gunicorn(self._door, BROKEN if "FAULTS_VARIANT" in self._environ else DOORS)
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environ,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until = time.monotonic() + 40
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2).ok:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.05)
        raise AssertionError(self.output.read_text())

    def stop(self) -> float:
        """Ask it to stop, as a PaaS does; the seconds it took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        return time.monotonic() - started

    def kill(self) -> None:
        """End it and its workers at once."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def running(
    database_url: str, output: Path, door: str = SHIPPED, **environ: str
) -> Iterator[tuple[Running, Hook, Api]]:
    """A service under gunicorn, and what posts to it and asks it."""
    parts: Parts = create_app(settings_for(database_url)).extensions["faxhooks"]
    accounts = add_accounts(parts)
    _, key = parts.database.write(lambda session: create_key(session, "test", ["read"]))
    parts.database.engine.dispose()
    served = Running(database_url, output, door, **environ)
    network = Network(served.port)
    try:
        served.start()
        yield served, Hook(network, *accounts), Api(network, key)
    finally:
        served.kill()


def free_port() -> int:
    """A port nobody listens on.

    It lies below those that the kernel gives to clients, so that it stays free while its server
    is down: a client that tries it again and again would in the end be given it itself.
    """
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
