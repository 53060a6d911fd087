"""Faxes by the thousand, and more that arrive while somebody reads."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from uuid_utils.compat import uuid7

from faxhooks.db import faxes, feed, history, references
from faxhooks.db.engine import Database
from faxhooks.db.faxes import Home
from faxhooks.db.history import Entry
from faxhooks.domain.fax import Direction, FaxEvent, FaxStatus, Number, Reference, Verdict
from faxhooks.domain.lifecycle import fold
from faxhooks.services.claiming import Fact
from faxhooks.services.recording import record

_BATCH = 500
MOST_LATE = 0.4
"""Seconds between the receipt and the commit."""


def event_of(fax: str, number: int, received_at: datetime) -> FaxEvent:
    """The `number`th word about a fax."""
    return FaxEvent(
        digest=sha256(f"{fax} {number}".encode()).digest(),
        references=(Reference(fax),),
        received_at=received_at,
        status=FaxStatus.SENDING,
        direction=Direction.OUTBOUND,
        recipient=Number(f"+1310{int(fax[1:]):07}", f"1310{int(fax[1:]):07}"),
    )


def fill(database: Database, home: Home, count: int, spread: timedelta) -> dict[UUID, FaxEvent]:
    """So many faxes with one event each, which arrived evenly until a moment ago."""
    began = datetime.now(UTC) - spread
    events = {
        uuid7(): event_of(f"f{number}", 0, began + spread * number / count)
        for number in range(count)
    }
    ids = list(events)
    for start in range(0, count, _BATCH):
        some = {fax_id: events[fax_id] for fax_id in ids[start : start + _BATCH]}
        database.write(lambda session, some=some: _add(session, home, some), seconds=30)
    return events


def _add(session, home, events):
    states = {fax_id: (home, fold([event])) for fax_id, event in events.items()}
    faxes.save_faxes(session, states)
    keys = {(home.account_id, event.references[0].id): f for f, event in events.items()}
    references.add_references(session, keys, shared=False)
    first = feed.take_numbers(session, len(events))
    entries = [
        Entry(fax_id, 1, event, Verdict.APPLIED, FaxStatus.SENDING, None, first + n)
        for n, (fax_id, event) in enumerate(events.items())
    ]
    history.add_entries(session, entries)


@dataclass
class Arrivals:
    """Threads through which new faxes, and news of known ones, arrive late and out of order."""

    database: Database
    home: Home
    known: dict[UUID, FaxEvent]
    per_second: int = 200
    committed: list[tuple[float, UUID]] = field(default_factory=list)

    def events_before(self, moment: float) -> Counter[UUID]:
        """How many events of each fax were committed by then."""
        return Counter([*self.known, *(f for at, f in self.committed if at < moment)])

    @contextmanager
    def arriving(self, threads: int = 16, batch: int = 10) -> Iterator[None]:
        """Until the block ends."""
        stopped = threading.Event()
        every = threads * batch / self.per_second
        with ThreadPoolExecutor(threads) as pool:
            workers = [pool.submit(self._work, n, stopped, every, batch) for n in range(threads)]
            try:
                time.sleep(1)  # So that some are under way when the reading begins.
                yield
            finally:
                stopped.set()
        for worker in workers:
            worker.result()

    def _work(self, seed, stopped, every, batch):
        rng = random.Random(seed)
        number = seed * 100_000 + 1_000_000
        due = time.monotonic() + every * rng.random()
        while not stopped.wait(max(0.0, due - time.monotonic())):
            due += every * rng.random() * 2  # Whoever was held up makes up for it.
            facts = []
            for _ in range(batch):
                number += 1
                facts.append(Fact(self.home, self._event(rng, number)))
            time.sleep(rng.random() * MOST_LATE)  # Received, but not yet committed.
            recorded = self.database.write(lambda s, facts=facts: record(s, facts), seconds=20)
            now = time.monotonic()
            self.committed += [(now, outcome.fax_id) for outcome in recorded]

    def _event(self, rng, number):
        """A new fax; or a known one is heard of again; or something older of it turns up."""
        now = datetime.now(UTC)
        kind = rng.random()
        if kind < 0.6:
            return event_of(f"f{number}", 0, now)
        first = rng.choice(list(self.known.values()))
        if kind > 0.8:
            now = first.received_at - timedelta(seconds=rng.random() * 300)
        return event_of(first.references[0].id, number, now)
