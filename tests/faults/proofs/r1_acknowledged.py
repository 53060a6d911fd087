"""R1: what was acknowledged is there, once, through every crash that we could think of."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from faxhooks.simulator.story import Prepared
from tests.faults import ledger
from tests.faults.checker import check
from tests.faults.cluster import Cluster, cluster
from tests.faults.ledger import Ledger
from tests.faults.proof import POSTGRESQL, SQLITE, Finding, Proof, Trial
from tests.faults.provider import Provider, meanwhile, stories, with_repeats
from tests.faults.service import customers, kill_worker
from tests.faults.serving import serving
from tests.running.gunicorns import Running

CLIENTS = 16
FIRST, EVERY = 0.3, 2.0
"""Seconds until a worker is killed, and from then on to the next."""
MOST_SECONDS = 240
"""After which the provider gives up, and what it could not tell counts against us."""


@dataclass(frozen=True, slots=True)
class Plan:
    """So many stops of the database, each for so many seconds."""

    stops: int
    away: float

    @classmethod
    def of(cls, trial: Trial) -> "Plan":
        """In full from 5,000 callbacks on."""
        full = trial.n >= 5000
        stops = (5 if full else 1) if trial.database == POSTGRESQL else 0
        return cls(stops, 1.0 if full else 0.2)


@dataclass
class Crashes:
    """What is done to the service and its database while the provider calls."""

    served: Running
    database: Cluster | None
    plan: Plan
    random: Random
    killed: int = 0
    returns: dict[str, list[float]] = field(default_factory=dict)

    def run(self, book: Ledger, expected: int, ended: threading.Event) -> None:
        """Workers go by the clock, though on a slow machine never before one has answered again;
        the others when so much of all is acknowledged.
        """
        steps: list[Callable[[], None]] = [self._stop_database] * self.plan.stops
        steps.insert(len(steps) // 2, self._kill_master)
        marks = [expected * (n + 1) / (len(steps) + 1) for n in range(len(steps))]
        due, seen = time.monotonic() + FIRST, 0
        while not ended.wait(0.02):
            if time.monotonic() > due and book.acked > seen:
                self.killed += kill_worker(self.served, self.random)
                due, seen = time.monotonic() + EVERY, book.acked
            if marks and book.acked > marks[0]:
                marks.pop(0)
                steps.pop(0)()

    def _stop_database(self) -> None:
        assert self.database is not None
        self.database.stop("immediate")
        time.sleep(self.plan.away)
        self.database.start()
        self.returns.setdefault("database", []).append(time.monotonic())

    def _kill_master(self) -> None:
        """With all that it started, as a container goes when its first process does."""
        self.served.kill()
        self.served.start()
        self.returns.setdefault("master", []).append(time.monotonic())


def prove(trial: Trial) -> Finding:
    """Tell it all, to a service that is killed again and again, and look afterwards."""
    finding, path, random = Finding(), trial.folder / "ledger", trial.random()
    with _database(trial) as (url, server):
        with serving(trial, url, LOG_LEVEL="warning") as (served, hook, _):
            told = with_repeats(stories(customers(hook), trial.n, random), 0.1, random)
            book = Ledger(path)
            crashes = Crashes(served, server, Plan.of(trial), random)
            _tell(Provider(served.port, book), told, crashes, book)
            book.close()
        check(finding, url, told, path)
    _add_crashes(finding, crashes, path)
    finding.expect(finding.figures["never_acked"] == 0, "the provider gets everything told")
    return finding


def _tell(provider: Provider, told: Sequence[Prepared], crashes: Crashes, book: Ledger) -> None:
    """With crashes all the while."""
    ended = threading.Event()
    with meanwhile(provider, partial(crashes.run, book, len(told), ended), ended):
        provider.tell(told, clients=CLIENTS, seconds=MOST_SECONDS)


def _add_crashes(finding: Finding, crashes: Crashes, path: Path) -> None:
    """How often what was ended, and how long it took until a callback was taken again."""
    acks = [entry.ended for entry in ledger.read(path) if entry.outcome == ledger.ACKED]
    finding.figures["workers_killed"] = crashes.killed
    for what, times in crashes.returns.items():
        waits = [min((ack - at for ack in acks if ack > at), default=None) for at in times]
        finding.figures[f"seconds_to_first_2xx_after_{what}"] = [
            None if wait is None else round(wait, 3) for wait in waits
        ]
    finding.expect(crashes.killed > 0, "workers were killed")
    for what, often in (("database", crashes.plan.stops), ("master", 1)):
        done = len(crashes.returns.get(what, ()))
        finding.expect(done == often, f"{what}: stopped {often} times, and not {done}")


@contextmanager
def _database(trial: Trial) -> Iterator[tuple[str, Cluster | None]]:
    """A PostgreSQL server of its own; or the embedded database, which has none to stop."""
    if trial.database == SQLITE:
        yield trial.database_url(), None
        return
    with cluster(trial.folder) as server:
        yield server.url, server


PROOF = Proof(
    id="R1",
    promise="what was acknowledged is never lost, and no history is doubled",
    prove=prove,
    small=300,
    full=10_000,
    broken=600,
    variants=("acknowledge_before_commit", "synchronous_commit_off", "no_unique_key"),
    unfit=frozenset({(SQLITE, "synchronous_commit_off")}),
)
