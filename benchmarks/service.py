"""The service with two accounts, the same ones on each of its databases."""

import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from benchmarks import keeping
from benchmarks.contenders import ROOT, Contender, gunicorn
from benchmarks.databases import Make
from faxhooks.app import compose_parts
from faxhooks.db import migrations
from faxhooks.db.models import AccountRow, HookTokenRow
from faxhooks.services.parts import Parts
from faxhooks.settings import Settings
from faxhooks.simulator.story import Customer

PUBLIC_URL: Final = "https://hooks.example.com"
FLASK: Final = "faxhooks by Flask"
SQLITE: Final = "faxhooks on SQLite"
ANSWERS: Final = "Flask, only answers"
VERIFIES: Final = "Flask, verifies only"
DOORS: Final[Mapping[str, tuple[str, ...]]] = {
    FLASK: ("wsgi:app",),
    "faxhooks by ASGI": ("--worker-class", "faxhooks.web.server.Worker", "asgi:app"),
}
"""Each way in, with what gunicorn is given after its configuration; one more is one more line."""

_LABELS: Final = ("signalwire", "faxplus")
_TABLES: Final[tuple[Any, ...]] = (AccountRow.__table__, HookTokenRow.__table__)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made for one run: what production asks for, and SignalWire's signing key."""

    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    signing_key: str = field(default_factory=lambda: f"PSK_{secrets.token_urlsafe(24)}", repr=False)

    def environ(self, database_url: str) -> dict[str, str]:
        """What the service is told; how many processes it has is its own affair."""
        return {
            "FAXHOOKS_ENV": "production",
            "DATABASE_URL": database_url,
            "PUBLIC_URL": PUBLIC_URL,
            "SECRET_KEYS": self.secret_key,
        }

    def shared(self, customers: Mapping[str, Customer]) -> dict[str, str]:
        """What the others are told, who have one account of each provider, and no table of
        them to look it up.
        """
        tokens = {
            f"{provider.upper()}_TOKEN": customer.hook_url.rpartition("/")[2]
            for provider, customer in customers.items()
        }
        return {"PUBLIC_URL": PUBLIC_URL, "SIGNING_KEY": self.signing_key, **tokens}


@dataclass(frozen=True, slots=True)
class Stand:
    """The service behind one door on one database, which may have faxes of others in it."""

    name: str
    door: str
    database_url: str


def shipped(procfile: str | None = None) -> str:
    """The door that the Procfile opens. Raises ValueError when it is none of `DOORS`."""
    lines = (procfile or (ROOT / "Procfile").read_text()).splitlines()
    command = next(line for line in lines if line.startswith("web:")).removeprefix("web:")
    for name, arguments in DOORS.items():
        if shlex.split(command)[1:] == list(gunicorn(*arguments))[1:]:
            return name
    raise ValueError(f"no door is opened by `{command.strip()}`; add it to DOORS in {__file__}")


def stands(make: Make, folder: Path) -> list[Stand]:
    """Every door on PostgreSQL, and on SQLite the one that is shipped."""
    on_sqlite = Stand(SQLITE, shipped(), f"sqlite:///{folder / 'faxhooks.db'}")
    return [*(Stand(door, door, make()) for door in DOORS), on_sqlite]


def contenders(kept: Secrets, standing: Sequence[Stand]) -> list[Contender]:
    """The service at each of its stands, as the Procfile would start it there."""
    return [
        Contender(
            stand.name,
            gunicorn(*DOORS[stand.door]),
            kept.environ(stand.database_url),
            partial(keeping.look_up, stand.database_url, labels=_LABELS),
        )
        for stand in standing
    ]


def limits(environ: Mapping[str, str]) -> list[Contender]:
    """Flask's own limits; the environment says how many processes, as for the service."""
    return [
        Contender(ANSWERS, gunicorn("benchmarks.limits:answering"), environ),
        Contender(VERIFIES, gunicorn("benchmarks.limits:verifying"), environ),
    ]


def prepare(kept: Secrets, database_urls: Sequence[str]) -> dict[str, Customer]:
    """Migrate these databases, and make the same accounts in each, so that one callback is
    good for all of them; the accounts by provider, as the providers know them.
    """
    for url in database_urls:
        migrations.upgrade(url)
    first, *others = (_parts(kept, url) for url in database_urls)
    customers = first.database.write(lambda session: _add_accounts(session, first, kept))
    rows = first.database.read(_read_rows)
    for other in others:
        other.database.write(lambda session: _write_rows(session, rows))
    for parts in (first, *others):
        parts.database.engine.dispose()
    return customers


def _parts(kept: Secrets, database_url: str) -> Parts:
    return compose_parts(Settings.from_env(kept.environ(database_url)))


def _add_accounts(session: Session, parts: Parts, kept: Secrets) -> dict[str, Customer]:
    signing = {"project-id": [str(uuid4())], "signing-key": [kept.signing_key]}
    made = [
        parts.accounts.add(session, label, label, signing if label == "signalwire" else {})
        for label in _LABELS
    ]
    return {each.provider: Customer(each.hook_url, each.config) for each in made}


def _read_rows(session: Session) -> list[list[dict[str, Any]]]:
    found = (session.execute(select(table)).mappings() for table in _TABLES)
    return [[dict(row) for row in rows] for rows in found]


def _write_rows(session: Session, rows: list[list[dict[str, Any]]]) -> None:
    for table, values in zip(_TABLES, rows, strict=True):
        session.execute(insert(table), values)
