"""R9: a deploy is invisible to who calls meanwhile.

200 requests are begun in each second, over connections that are kept open, and each is sent
once. As HTTP clients do, ours looks whether the server has closed a kept connection before it
sends anything over it, and opens another if so; once a request is on its way it is not sent
again, and an answer that does not come counts against us. Requests wait for nothing but their
own answers, so that one that is late is not hidden by those behind it.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from faxhooks.simulator.story import Prepared
from tests.faults import ledger
from tests.faults.checker import check
from tests.faults.deploying import Balancer, Deploys
from tests.faults.ledger import Ledger
from tests.faults.proof import Finding, Proof, Trial
from tests.faults.provider import ONCE, Provider, stories
from tests.faults.service import customers, environ
from tests.faults.serving import serving
from tests.running.gunicorns import Running

RATE = 200
CLIENTS = 40
MOST_SECONDS = 150
LONGEST_STOP = 10
"""Seconds after which a platform ends what it has asked to stop."""


def prove(trial: Trial) -> Finding:
    """Tell it all while it is deployed again and again; nothing may go wrong even once."""
    finding, path, url = Finding(), trial.folder / "ledger", trial.database_url()
    with serving(trial, url) as (served, hook, _), ExitStack() as stack:
        told = stories(customers(hook), trial.n, trial.random())

        def start() -> Running:
            another = Running(url, trial.folder / "log", trial.door, **environ(trial))
            stack.callback(another.kill)
            another.start()
            return another

        balancer = Balancer(served.port)
        stack.callback(balancer.close)
        book = Ledger(path)
        stack.callback(book.close)
        deploys = Deploys(served, balancer, start)
        _tell(Provider(balancer.port, book, ONCE), told, deploys)
    check(finding, url, told, path)
    _add_deploys(finding, deploys, path)
    return finding


def _tell(provider: Provider, told: Sequence[Prepared], deploys: Deploys) -> None:
    """With deploys all the while, every 2 s in full; what goes wrong with those ends it too."""
    ended, every = threading.Event(), 2.0 if len(told) > 5000 else 0.5
    with ThreadPoolExecutor(1) as pool:
        deploying = pool.submit(deploys.run, every, ended)
        deploying.add_done_callback(lambda done: provider.stop() if done.exception() else None)
        try:
            provider.tell(told, clients=CLIENTS, seconds=MOST_SECONDS, rate=RATE)
        finally:
            ended.set()
        deploying.result()


def _add_deploys(finding: Finding, deploys: Deploys, path: Path) -> None:
    entries = ledger.read(path)
    bad = Counter(entry.said for entry in entries if entry.outcome != ledger.ACKED)
    seconds = sorted(entry.seconds for entry in entries)
    finding.figures |= {
        "reloads": deploys.reloads,
        "restarts": deploys.restarts,
        "non_2xx": dict(bad),
        "p99_seconds": round(seconds[len(seconds) * 99 // 100], 3),
        "slowest_seconds": round(seconds[-1], 3),
        "longest_stop_seconds": round(max(deploys.stops, default=0.0), 1),
    }
    finding.expect(not bad, f"every request is answered 2xx, but for {dict(bad)}")
    finding.expect(finding.figures["never_acked"] == 0, "all are sent")
    finding.expect(deploys.reloads > 0 < deploys.restarts, "it is deployed in both ways")
    stop = finding.figures["longest_stop_seconds"]
    finding.expect(stop < LONGEST_STOP, f"who is asked to stop does, within {stop} s")


PROOF = Proof(
    id="R9",
    promise="a deploy is invisible",
    prove=prove,
    small=400,
    full=12_000,
    broken=1000,
    variants=("gone_at_once",),
)
