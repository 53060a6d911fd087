"""A database with so many faxes, as two years of service would leave it behind.

The same seed gives the same faxes, but for the accounts, whose ids and secrets are made anew.
"""

import gc
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, Final

from sqlalchemy import text

from benchmarks.copying import Copies, Copy, Sample
from benchmarks.exemplars import Exemplars
from benchmarks.loading import Loader, loading
from faxhooks.db import migrations
from faxhooks.db.engine import Database
from faxhooks.db.rollups import add_up

_BATCH: Final = 20_000
_SAMPLES: Final = 2_000
_BUSY: Final = 0.003


@dataclass(slots=True)
class Filled:
    """What was put in, with faxes to ask for, spread evenly over the whole time.

    `busy` are numbers that got more faxes than a page has, in a small database as in a large one.
    """

    faxes: int
    events: int = 0
    callbacks: int = 0
    seconds: float = 0
    samples: list[Sample] = field(default_factory=list)
    busy: frozenset[str] = frozenset()


def fill(
    database_url: str, exemplars: Exemplars, count: int, *, seed: int, logged: bool = False
) -> Filled:
    """Create the tables and put so many faxes in; `logged` for a database to be written to."""
    began = time.monotonic()
    migrations.upgrade(database_url)
    filled = Filled(count)
    gc.disable()  # Rows hold no cycles; to look for some would take an eighth of the time.
    try:
        with loading(database_url, logged=logged) as loader:
            for table, records in exemplars.accounts.items():
                loader.add(table, [list(record.values()) for record in records])
            _load(loader, filled, Copies(exemplars, count, seed))
    finally:
        gc.enable()
    _sum_up(database_url)
    counted = Counter(sample.recipient for sample in filled.samples)
    most = len(filled.samples) * _BUSY
    filled.busy = frozenset(number for number, times in counted.items() if times >= most)
    filled.seconds = time.monotonic() - began
    return filled


def _load(loader: Loader, filled: Filled, copies: Iterable[Copy]) -> None:
    """In the order of their arrival, as the tables of a service lie."""
    batch, every = _Batch(), max(1, filled.faxes // _SAMPLES)
    for number, copy in enumerate(copies, start=1):
        batch.add(copy)
        if number % every == 0:
            filled.samples.append(copy.sample())
        if number % _BATCH == 0:
            batch.empty_into(loader, copy.stamp.at, filled)
    batch.empty_into(loader, None, filled)
    loader.execute(f"UPDATE feed SET last = {filled.events}")


def _sum_up(database_url: str) -> None:
    """As the worker does, and vacuumed as it would be in time."""
    database = Database(database_url)
    while database.write(add_up, seconds=60):
        pass
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as vacuum:
            vacuum.execute(text("SET statement_timeout = 0"))
            vacuum.execute(text("VACUUM (ANALYZE) fax_deltas, fax_kinds, fax_counts, fax_times"))
    database.engine.dispose()


class _Batch:
    """Rows on their way; events wait for those that arrive before them."""

    def __init__(self) -> None:
        self._rows: dict[str, list[list[Any]]] = {}
        self._waiting: list[tuple[int, int, list[Any]]] = []
        self._expected = 0
        self._change = 0

    def add(self, copy: Copy) -> None:
        for table, rows in copy.rows().items():
            self._rows.setdefault(table, []).extend(rows)
        for arrival, event in copy.events():
            self._expected += 1
            heappush(self._waiting, (arrival, self._expected, event))

    def empty_into(self, loader: Loader, until: int | None, filled: Filled) -> None:
        """Events that arrived before `until` get their places in the feed."""
        filled.callbacks += len(self._rows["callbacks"])
        for table, rows in self._rows.items():
            loader.add(table, rows)
            rows.clear()
        loader.add("fax_events", list(self._numbered(until)))
        filled.events = self._change

    def _numbered(self, until: int | None) -> Iterator[list[Any]]:
        """The place in the feed is a table's last column."""
        while self._waiting and (until is None or self._waiting[0][0] < until):
            event = heappop(self._waiting)[2]
            self._change += 1
            event[-1] = self._change
            yield event
