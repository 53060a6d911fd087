"""Which peers there are and how each community starts them on two processors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.contenders import Contender
from benchmarks.databases import Make
from benchmarks.peers import installed, keeping
from benchmarks.peers.installed import NotInstalledError

FLASK_ORM: Final = "Flask + SQLAlchemy ORM"
FASTAPI: Final = "FastAPI + asyncpg, usual statements"
FASTAPI_ONE: Final = "FastAPI + asyncpg, one statement"
FASTIFY: Final = "Fastify + pg, usual statements"
FASTIFY_ONE: Final = "Fastify + pg, one statement"
FASTIFY_TWO: Final = "Fastify + pg, one statement, two processes"

# Threads as many as connections in SQLAlchemy's pool; an empty module, not our configuration.
_GUNICORN: Final = (
    "-m", "gunicorn", "--config", "python:benchmarks.peers", "--no-control-socket",
    "--workers", "2", "--threads", "15", "benchmarks.peers.flask_orm:app",
)  # fmt: skip
_UVICORN: Final = (
    "-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--workers", "2",
    "--no-access-log", "--log-level", "warning", "benchmarks.peers.fastapi_asyncpg.app:app",
)  # fmt: skip
_SERVER: Final = (str(installed.FASTIFY / "server.js"),)


@dataclass(frozen=True, slots=True)
class Peer:
    """One of them: who interprets it, with which arguments, and how it words its SQL.

    `processes` are Node's, which knows nothing of them; the arguments tell the others.
    """

    interpreter: Callable[[], Path]
    arguments: tuple[str, ...]
    statements: str
    scheme: str = "postgresql"
    processes: int = 1


ALL: Final[Mapping[str, Peer]] = {
    FLASK_ORM: Peer(installed.python, _GUNICORN, "orm", "postgresql+psycopg"),
    FASTAPI: Peer(installed.python, _UVICORN, "usual"),
    FASTAPI_ONE: Peer(installed.python, _UVICORN, "one"),
    FASTIFY: Peer(installed.node, _SERVER, "usual"),
    FASTIFY_ONE: Peer(installed.node, _SERVER, "one"),
    FASTIFY_TWO: Peer(installed.node, _SERVER, "one", processes=2),
}


def named(part: str) -> dict[str, Peer]:
    """Those with this in their name."""
    return {name: peer for name, peer in ALL.items() if part in name}


def contenders(
    asked: Mapping[str, Peer], environ: Mapping[str, str], make: Make
) -> tuple[list[Contender], dict[str, str]]:
    """Those that can be measured here, each on a database of its own; and of the rest, why not.

    `environ` is what all are told.
    """
    found: list[Contender] = []
    missing: dict[str, str] = {}
    for name, peer in asked.items():
        try:
            interpreter = peer.interpreter()
        except NotInstalledError as error:
            missing[name] = str(error)
        else:
            found.append(_contender(name, peer, interpreter, environ, make()))
    return found, missing


def _contender(
    name: str, peer: Peer, interpreter: Path, environ: Mapping[str, str], made: str
) -> Contender:
    address = made.replace("postgresql+psycopg://", "postgresql://", 1)
    keeping.create_tables(address)
    own = {
        **environ,
        "DATABASE_URL": address.replace("postgresql://", f"{peer.scheme}://", 1),
        "STATEMENTS": peer.statements,
        "WORKERS": str(peer.processes),
    }
    look_up = partial(keeping.look_up, address)
    return Contender(name, (str(interpreter), *peer.arguments), own, look_up, is_peer=True)
