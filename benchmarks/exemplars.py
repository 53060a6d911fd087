"""Faxes as the service itself keeps them, of which a filled database has many copies.

Every story is told to the service a few times; what it then has in its tables is read back
just as it lies there. So a copy is right in every column, whatever the columns are.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from faxhooks.db import migrations
from faxhooks.domain.callback import Callback
from faxhooks.services.keys import SCOPES, create_key
from faxhooks.services.parts import Parts, compose
from faxhooks.simulator.scenarios import SCENARIOS, tell
from faxhooks.simulator.story import Customer

Record = dict[str, Any]
"""A row as SQLite's driver gives it: ids as hexadecimal digits, times as text, JSON as text."""

PUBLIC_URL: Final = "https://hooks.example.com"
SECRET_KEY: Final = "a secret key for databases that hold nothing but made-up faxes"
SENDER: Final = "+12025550100"
RECIPIENT: Final = "+12025550199"
STORIES: Final = {
    "signalwire": (
        ("delivered", 620), ("busy", 40), ("no-answer", 30), ("failed", 30), ("canceled", 5),
        ("received", 60), ("inbound-failed", 8), ("conflict", 3), ("relay-sent", 40),
        ("relay-received", 10), ("relay-failed", 5), ("unknown-word", 1),
        ("delivered-by-get", 20), ("completed-only", 1),
    ),
    "faxplus": (
        ("success", 70), ("failed_user_busy", 8), ("failed_no_answer", 6),
        ("partially_sent", 3), ("failed_fs_2", 5), ("failed_unallocated_number", 3),
        ("retry-then-success", 12), ("received", 20),
    ),
}  # fmt: skip
"""Which stories there are, and how many of a thousand faxes are of each; our own guess."""
OPEN_STORIES: Final = ("queued", "processing", "sending", "receiving")
"""SignalWire's stories that have not come to their end."""

_ACCOUNTS: Final = ("accounts", "hook_tokens", "api_keys")
_FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_APART: Final = timedelta(hours=1)
_STEP: Final = timedelta(seconds=5)


@dataclass(slots=True)
class Exemplar:
    """One fax with all its rows. `weight` is how often it is copied, 0 for one still open."""

    weight: float
    rows: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))

    @property
    def fax(self) -> Record:
        """Its row among the faxes."""
        (row,) = self.rows["faxes"]
        return row


@dataclass(frozen=True, slots=True)
class Exemplars:
    """The faxes, the rows of their accounts, and a key that reads everything."""

    faxes: list[Exemplar]
    accounts: dict[str, list[Record]]
    key: str


def make_exemplars(folder: Path, *, of_each: int, seed: int) -> Exemplars:
    """Tell every story so often to a service on a database of its own in `folder`."""
    path = folder / "exemplars.db"
    migrations.upgrade(f"sqlite:///{path}")
    parts = compose(
        database_url=f"sqlite:///{path}",
        public_url=PUBLIC_URL,
        secret_keys=(SECRET_KEY,),
        release=version("faxhooks"),
    )
    random = Random(seed)
    customers, key = _prepare(parts, random)
    told: list[Exemplar] = []
    for provider, name, weight in _stories():
        for _ in range(of_each):
            at = _FIRST + _APART * len(told)
            _tell(parts, customers[provider], (provider, name), random, at)
            told.append(Exemplar(weight / of_each))
    parts.database.engine.dispose()
    return _read(path, told, key)


def _stories() -> list[tuple[str, str, float]]:
    ended = [(provider, *story) for provider, many in STORIES.items() for story in many]
    return [*ended, *(("signalwire", name, 0) for name in OPEN_STORIES)]


def _prepare(parts: Parts, random: Random) -> tuple[dict[str, Customer], str]:
    signing = {
        "project-id": [str(UUID(int=random.getrandbits(128), version=4))],
        "signing-key": [f"PSK_{random.getrandbits(128):032x}"],
    }
    made = parts.database.write(
        lambda session: (
            parts.accounts.add(session, "signalwire", "main", signing),
            parts.accounts.add(session, "faxplus", "plus", {}),
        )
    )
    _, key = parts.database.write(lambda session: create_key(session, "bench", SCOPES))
    customers = {
        each.provider: Customer(each.hook_url, each.config, SENDER, RECIPIENT) for each in made
    }
    return customers, key


def _tell(
    parts: Parts, customer: Customer, story: tuple[str, str], random: Random, at: datetime
) -> None:
    """Each callback arrives a little after it was made; the last was made at `at`."""
    provider, name = story
    told = tell(SCENARIOS[provider][name], customer, random, lambda: at)
    token = customer.hook_url.rpartition("/")[2]
    for left, prepared in zip(reversed(range(len(told))), told, strict=True):
        url = urlsplit(prepared.url)
        callback = Callback(
            method=prepared.method,
            origin=PUBLIC_URL,
            target=f"{url.path}?{url.query}" if url.query else url.path,
            headers={header.lower(): value for header, value in prepared.headers.items()},
            body=prepared.body,
            received_at=at - _STEP * left + timedelta(seconds=random.uniform(0.1, 0.9)),
        )
        parts.receiver.receive(provider, token, callback)


def _read(path: Path, told: Sequence[Exemplar], key: str) -> Exemplars:
    """Rows belong to the exemplar in whose hour they arrived, or whose fax they name."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row

        def read(table: str) -> list[Record]:
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]

        accounts = {table: read(table) for table in _ACCOUNTS}
        owners: dict[str, Exemplar] = {}
        for row in read("faxes"):
            owners[row["id"]] = told[_hour(row["created_at"])]
            owners[row["id"]].rows["faxes"].append(row)
        for row in read("callbacks"):
            told[_hour(row["received_at"])].rows["callbacks"].append(row)
        for table in ("fax_events", "fax_references"):
            for row in read(table):
                owners[row["fax_id"]].rows[table].append(row)
    return Exemplars(list(told), accounts, key)


def _hour(time: str) -> int:
    """The hour's number; whatever belongs to its full hour lies within minutes of it."""
    since = datetime.fromisoformat(time).replace(tzinfo=UTC) - _FIRST
    return round(since / _APART)
