"""R7: on a full disk all is refused, and nothing is lost or broken once there is room again."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import psycopg

from tests.faults import ledger
from tests.faults.checker import check
from tests.faults.cluster import Cluster, cluster
from tests.faults.disk import Disk, small_disk
from tests.faults.ledger import Ledger
from tests.faults.proof import POSTGRESQL, SQLITE, Finding, Proof, Trial
from tests.faults.provider import Provider, meanwhile, stories
from tests.faults.service import customers
from tests.faults.serving import serving

CLIENTS = 8
RATE = 100
MEGABYTES = {POSTGRESQL: 96, SQLITE: 4}
MOST_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Place:
    """A database on a disk: `press` makes it want room, `revive` is what an operator does once
    there is room again, `examine` says what is broken.
    """

    url: str
    press: Callable[[], None]
    revive: Callable[[], None]
    examine: Callable[[], str]


def prove(trial: Trial) -> Finding:
    """Fill the disk while the provider calls, and after a while make it larger."""
    finding, path = Finding(), trial.folder / "ledger"
    with (
        small_disk(trial.folder / "disk", MEGABYTES[trial.database]) as disk,
        _place(trial, disk) as place,
    ):
        with serving(trial, place.url, LOG_LEVEL="warning") as (served, hook, _):
            told = stories(customers(hook), trial.n, trial.random())
            book = Ledger(path)
            provider = Provider(served.port, book)
            with meanwhile(provider, partial(_fill, disk, place, trial.n / RATE)) as filling:
                provider.tell(told, clients=CLIENTS, seconds=MOST_SECONDS, rate=RATE)
            full, room = filling.result()
            book.close()
        check(finding, place.url, told, path)
        broken = place.examine()
    during = [entry for entry in ledger.read(path) if full < entry.began and entry.ended < room]
    others = [entry for entry in during if entry.outcome != ledger.ACKED]
    refused = [entry for entry in others if (entry.said, entry.retry_after) == ("503", "2")]
    finding.figures |= {
        "seconds_full": round(room - full, 1),
        "tries_while_full": len(during),
        "refused_while_full": len(refused),
        "integrity": broken or "ok",
    }
    finding.expect(len(refused) > 0, "something was refused while the disk was full")
    finding.expect(len(refused) == len(others), "what is not taken is 503 with Retry-After")
    finding.expect(not broken, f"the database is whole, and not: {broken}")
    finding.expect(finding.figures["never_acked"] == 0, "the provider gets everything told")
    return finding


def _fill(disk: Disk, place: Place, seconds: float) -> tuple[float, float]:
    """Full after a third of the time and for another third; when it was full, and when not."""
    time.sleep(seconds / 3)
    disk.fill()
    full = time.monotonic()
    place.press()
    time.sleep(seconds / 3)
    room = time.monotonic()
    disk.grow(4 * MEGABYTES[POSTGRESQL])
    place.revive()
    return full, room


@contextmanager
def _place(trial: Trial, disk: Disk) -> Iterator[Place]:
    if trial.database == SQLITE:
        path = disk.path / "faxhooks.db"

        def examine() -> str:
            with closing(sqlite3.connect(path)) as connection:
                (said,) = connection.execute("PRAGMA integrity_check").fetchone()
            return "" if said == "ok" else str(said)

        url = trial.databases.sqlite(path)
        yield Place(url, lambda: None, lambda: None, examine)
        return
    with cluster(disk.path) as server:
        yield Place(server.url, lambda: _press(server), lambda: _revive(server), server.examine)


def _press(server: Cluster) -> None:
    """Have it begin a new segment of its log, for which there is no room: it cannot go on."""
    with suppress(psycopg.Error), server.connect() as connection:
        connection.execute("SELECT pg_switch_wal()")


def _revive(server: Cluster) -> None:
    """It gives up when it cannot recover; then somebody has to start it."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if not server.is_running():
            server.start()
        with suppress(psycopg.Error), server.connect() as connection:
            connection.execute("SELECT 1")
            return
        time.sleep(0.2)


PROOF = Proof(
    id="R7",
    promise="on a full disk a refusal, and nothing lost or broken when there is room again",
    prove=prove,
    small=150,
    full=3000,
    broken=300,
    variants=("catch_all_200",),
)
