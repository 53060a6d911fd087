"""The service with two accounts, the same ones on each of its databases."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from benchmarks.contenders import Contender
from benchmarks.limits import KEY
from faxhooks.app import compose_parts
from faxhooks.db import migrations
from faxhooks.db.models import AccountRow, HookTokenRow
from faxhooks.services.parts import Parts
from faxhooks.settings import Settings
from faxhooks.simulator.story import Customer

PUBLIC_URL: Final = "https://hooks.example.com"
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
            KEY: self.signing_key,
        }


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


def contenders(kept: Secrets, postgresql: str, sqlite: str) -> tuple[Contender, ...]:
    """The service on both databases, and Flask's own limits with as many processes as on
    PostgreSQL.
    """
    on_postgresql = kept.environ(postgresql)
    return (
        Contender("faxhooks on PostgreSQL", "wsgi:app", on_postgresql, postgresql),
        Contender("faxhooks on SQLite", "wsgi:app", kept.environ(sqlite), sqlite),
        Contender("Flask, only answers", "benchmarks.limits:answering", on_postgresql),
        Contender("Flask, verifies only", "benchmarks.limits:verifying", on_postgresql),
    )


def _parts(kept: Secrets, database_url: str) -> Parts:
    return compose_parts(Settings.from_env(kept.environ(database_url)))


def _add_accounts(session: Session, parts: Parts, kept: Secrets) -> dict[str, Customer]:
    signing = {"project-id": [str(uuid4())], "signing-key": [kept.signing_key]}
    made = (
        parts.accounts.add(session, "signalwire", "signalwire", signing),
        parts.accounts.add(session, "faxplus", "faxplus", {}),
    )
    return {each.provider: Customer(each.hook_url, each.config) for each in made}


def _read_rows(session: Session) -> list[list[dict[str, Any]]]:
    found = (session.execute(select(table)).mappings() for table in _TABLES)
    return [[dict(row) for row in rows] for rows in found]


def _write_rows(session: Session, rows: list[list[dict[str, Any]]]) -> None:
    for table, values in zip(_TABLES, rows, strict=True):
        session.execute(insert(table), values)
