"""R4: a database that hangs is answered for within 3 seconds, and nothing stays behind."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

import requests

from tests.faults import ledger
from tests.faults.checker import check
from tests.faults.cluster import Cluster, cluster
from tests.faults.ledger import Entry, Ledger
from tests.faults.proof import POSTGRESQL, Finding, Proof, Trial
from tests.faults.provider import Provider, meanwhile, stories
from tests.faults.service import customers
from tests.faults.serving import serving
from tests.running.gunicorns import Network
from tests.story import Hook

CLIENTS = 64
RATE = 20
"""Callbacks in a second: so few that every client is free again when its turn comes."""
BURST = 32
PATIENCE = 15.0
"""Seconds for which threads are waited for; 5 are promised."""
_BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()
"""


def prove(trial: Trial) -> Finding:
    """Stop the database's processes, first those that serve, then the one that makes them."""
    finding, path = Finding(), trial.folder / "ledger"
    with (
        cluster(trial.folder) as server,
        serving(trial, server.url, LOG_LEVEL="warning") as (served, hook, _),
    ):
        told = stories(customers(hook), RATE * trial.n, trial.random())
        book, thawed = Ledger(path), threading.Event()
        provider = Provider(served.port, book)
        with (
            meanwhile(
                provider, partial(_probe, Network(served.port, 5), thawed), thawed
            ) as probing,
            meanwhile(provider, partial(_hang, server, trial.n, thawed)) as hanging,
        ):
            provider.tell(told, clients=CLIENTS, seconds=trial.n + PATIENCE, rate=RATE)
        book.close()
        frozen, thawed_at = hanging.result()
        finding.figures["backends_frozen"] = frozen
        _look_at_idleness(finding, _idle_at(hook, server, thawed_at) - thawed_at)
        _look_at_probes(finding, probing.result())
        check(finding, server.url, told, path)
    finding.expect(frozen > 0, "there were backends to freeze")
    finding.expect(finding.figures["never_acked"] == 0, "the provider gets everything told")
    _look_at_answers(finding, ledger.read(path))
    return finding


def _hang(server: Cluster, seconds: int, thawed: threading.Event) -> tuple[int, float]:
    """How many backends were frozen in all, and when everything ran on."""
    time.sleep(0.5)
    began, frozen, alone = time.monotonic(), 0, True
    try:
        while (passed := time.monotonic() - began) < seconds:
            if alone:
                frozen = max(frozen, server.freeze_backends())  # Those made since, too.
            if alone and passed > seconds / 2:
                server.freeze_postmaster()
                alone = False
            time.sleep(0.1)
    finally:
        server.thaw()
        thawed.set()
    return frozen, time.monotonic()


def _probe(network: Network, thawed: threading.Event) -> list[tuple[str, float]]:
    """What /healthz says, ten times a second, and in how many seconds."""
    found = []
    while not thawed.wait(0.1):
        began = time.monotonic()
        try:
            said = str(network.send("GET", "/healthz", {}, b"").status_code)
        except requests.RequestException as error:
            said = type(error).__name__
        found.append((said, time.monotonic() - began))
    return found


def _idle_at(hook: Hook, server: Cluster, thawed_at: float) -> float:
    """When many callbacks at once were taken at once, with no transaction left open behind
    them; infinity when that was not seen.
    """
    with ThreadPoolExecutor(BURST) as pool, server.connect() as connection:
        for number in count():
            began = time.monotonic()
            faxes = (f"burst-{number}-{one}" for one in range(BURST))
            said = list(pool.map(lambda fax: hook.faxplus(fax, "success").status_code, faxes))
            ended = time.monotonic()
            busy = connection.execute(_BUSY).fetchone()
            if set(said) == {200} and ended - began < 2 and busy == (0,):
                return ended
            if ended - thawed_at > PATIENCE:
                break
    return float("inf")


def _look_at_answers(finding: Finding, entries: Sequence[Entry]) -> None:
    slowest = max(entry.seconds for entry in entries)
    finding.figures["slowest_answer"] = round(slowest, 3)
    finding.expect(slowest < 3, f"every answer comes within 3 s, and not {slowest:.2f}")
    others = [entry for entry in entries if entry.outcome != ledger.ACKED]
    refused = [entry for entry in others if (entry.said, entry.retry_after) == ("503", "2")]
    finding.expect(len(refused) == len(others) > 0, "what is not taken is 503 with Retry-After")


def _look_at_idleness(finding: Finding, seconds: float) -> None:
    finding.figures["seconds_to_idle"] = round(seconds, 2)
    finding.expect(seconds <= 5, f"all threads are idle within 5 s, and not {seconds:.1f}")


def _look_at_probes(finding: Finding, probes: Sequence[tuple[str, float]]) -> None:
    failed = sum(said != "200" for said, _ in probes)
    finding.figures |= {
        "health_probes": len(probes),
        "health_not_200": failed,
        "slowest_health": round(max(seconds for _, seconds in probes), 3),
    }
    finding.expect(failed == 0, f"/healthz is 200 all the while, but for {failed} times")


PROOF = Proof(
    id="R4",
    promise="a database that hangs is answered for within 3 seconds",
    prove=prove,
    small=3,
    full=20,
    broken=8,
    variants=("no_deadline",),
    databases=(POSTGRESQL,),
)
