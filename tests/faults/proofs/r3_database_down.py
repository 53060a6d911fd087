"""R3: without a database every callback is refused at once, and taken again right afterwards."""

import math
import time
from collections.abc import Sequence
from functools import partial

from faxhooks.simulator.firing import Report
from tests.faults import ledger
from tests.faults.checker import check
from tests.faults.cluster import Cluster, cluster
from tests.faults.ledger import Entry, Ledger
from tests.faults.proof import POSTGRESQL, Finding, Proof, Trial
from tests.faults.provider import ONCE, Provider, meanwhile, stories
from tests.faults.service import customers
from tests.faults.serving import serving
from tests.running.gunicorns import Network

RATE = 50
CLIENTS = 64
AROUND = 1.0
"""Seconds before the database goes, and after it is back."""
RECOVERY = 60
"""Seconds that PostgreSQL may take to come back; that it takes is its own affair."""


def prove(trial: Trial) -> Finding:
    """Call on and on, while the database goes and comes back."""
    finding, path = Finding(), trial.folder / "ledger"
    with (
        cluster(trial.folder) as server,
        serving(trial, server.url, LOG_LEVEL="warning") as (served, hook, _),
    ):
        seconds = trial.n + 2 * AROUND + RECOVERY
        told = stories(customers(hook), round(RATE * seconds), trial.random())
        book = Ledger(path)
        provider = Provider(served.port, book, ONCE)
        work = partial(_outage, server, trial.n, provider, Network(served.port))
        with meanwhile(provider, work) as outage:
            provider.tell(told, clients=CLIENTS, seconds=seconds, rate=RATE)
        gone, back, health = outage.result()
        book.close()
        entries = ledger.read(path)
        check(finding, server.url, told[: 1 + max(entry.number for entry in entries)], path)
    _look(finding, entries, gone, back)
    finding.figures["health_while_down"] = health
    finding.expect(health == {"/healthz": 200, "/readyz": 503}, "alive it is, and not ready")
    return finding


def _outage(
    server: Cluster, seconds: int, provider: Provider, network: Network
) -> tuple[float, tuple[float, float], dict[str, int]]:
    """When the database was gone; when it was called back, and when it was there; and what the
    health checks said in between.
    """
    time.sleep(AROUND)
    server.stop("immediate")
    gone = time.monotonic()
    time.sleep(seconds)
    paths = ("/healthz", "/readyz")
    health = {path: network.send("GET", path, {}, b"").status_code for path in paths}
    called = time.monotonic()
    server.start()
    back = time.monotonic()
    time.sleep(2 + AROUND)
    provider.stop()
    return gone, (called, back), health


def _look(
    finding: Finding, entries: Sequence[Entry], gone: float, back: tuple[float, float]
) -> None:
    during = [entry for entry in entries if gone < entry.began and entry.ended < back[0]]
    refused = [entry for entry in during if (entry.said, entry.retry_after) == ("503", "2")]
    p99 = Report(seconds=[entry.seconds for entry in during]).milliseconds(99) or math.inf
    acks = [e.ended for e in entries if e.outcome == ledger.ACKED and e.began > back[0]]
    wait = max(0.0, min(acks, default=math.inf) - back[1])
    finding.figures |= {
        "seconds_down": round(back[0] - gone, 1),
        "while_down": len(during),
        "refused_while_down": len(refused),
        "p99_ms": p99,
        "seconds_to_first_2xx": round(wait, 3),
    }
    finding.expect(len(during) > RATE * (back[0] - gone) / 2, "it was called while it was down")
    finding.expect(len(refused) == len(during), "without a database all is 503 with Retry-After")
    finding.expect(p99 < 1000, f"99 of 100 are refused within 1 s, and not in {p99} ms")
    finding.expect(wait <= 2, f"the first is taken within 2 s, and not {wait:.2f}")


PROOF = Proof(
    id="R3",
    promise="without a database a refusal, never a false acknowledgement",
    prove=prove,
    small=1,
    full=30,
    broken=2,
    variants=("catch_all_200",),
    databases=(POSTGRESQL,),
)
