"""Where the filled databases lie, made for a run and gone after it."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers import find_server

KINDS: Final = ("postgresql", "sqlite")
BYTES_A_FAX: Final = 3_700
"""What a fax takes with its events, callbacks and indexes on the larger of the two, SQLite."""

_SPARE: Final = 500_000_000

Make = Callable[[str], str]
"""Gives the address of a new, empty database of this name."""


class NoRoomError(Exception):
    """The disk is too small for what was asked for."""


@contextmanager
def place(kind: str, folder: Path, *, keep: bool) -> Iterator[Make]:
    """A maker of databases, which are dropped afterwards unless `keep`.

    Those of SQLite lie in `folder`, those of PostgreSQL on the server that the tests use.
    """
    with _sqlite(folder, keep=keep) if kind == "sqlite" else _postgresql(folder, keep=keep) as make:
        yield make


def check_room(folder: Path, faxes: int) -> str:
    """Say how much of the disk it takes. Raises NoRoomError when it is not there."""
    free, needed = shutil.disk_usage(folder).free, faxes * BYTES_A_FAX
    said = f"{needed / 1e9:.1f} GB are needed at a time, {free / 1e9:.1f} GB are free"
    if free < needed + _SPARE:
        raise NoRoomError(f"{said}; ask for fewer --faxes")
    return said


@contextmanager
def _sqlite(folder: Path, *, keep: bool) -> Iterator[Make]:
    paths: list[Path] = []

    def make(name: str) -> str:
        paths.append(folder / f"{name}.db")
        return f"sqlite:///{paths[-1]}"

    try:
        yield make
    finally:
        for path in [] if keep else paths:
            for each in path.parent.glob(f"{path.name}*"):
                each.unlink()


@contextmanager
def _postgresql(folder: Path, *, keep: bool) -> Iterator[Make]:
    server = find_server(folder, os.environ)
    run, names = secrets.token_hex(3), []

    def make(name: str) -> str:
        names.append(f"faxhooks_bench_{run}_{name}")
        server.execute(f'CREATE DATABASE "{names[-1]}"')
        return server.address(names[-1])

    try:
        yield make
    finally:
        if not keep:
            for name in names:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            server.stop()
