"""R6: a commit whose answer is lost happened all the same, and trying again is harmless.

A relay in front of PostgreSQL cuts the connection when the server says that it has committed.
The service tries again by itself where it can, and else answers 503, so that the provider does.
Both times the same callback comes to a database that has it already. What the provider sent
once is seen once, however often the service tried. (What it sent again may be counted once too
often, where our own second try follows a lost answer to a repetition.)
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from faxhooks.db.engine import Database
from faxhooks.db.models import CallbackRow
from faxhooks.simulator.story import Prepared
from tests.faults import ledger
from tests.faults.checker import check, said
from tests.faults.crowds import tell
from tests.faults.cutting import LostReplies
from tests.faults.proof import POSTGRESQL, Finding, Proof, Trial
from tests.faults.provider import Patience, stories
from tests.faults.service import customers
from tests.faults.serving import serving

CLIENTS = 2
"""One for each process: commits that many share would be fewer to lose."""
MOST_SECONDS = 240
SOON = Patience(tries=None, pause=0.03)


def prove(trial: Trial) -> Finding:
    """Tell it all over lost replies, then look behind the relay."""
    finding, path, url = Finding(), trial.folder / "ledger", trial.database_url()
    relay = LostReplies(url, trial.random())
    with serving(trial, relay.url) as (served, hook, _):
        told = stories(customers(hook), trial.n, trial.random())
        relay.begin()
        tell(served.port, told, path, clients=CLIENTS, seconds=MOST_SECONDS, patience=SOON)
    relay.close()
    check(finding, url, told, path)
    figures = finding.figures
    figures |= {"replies_lost": relay.lost, "seen_too_often": _seen_too_often(url, told, path)}
    finding.expect(relay.lost > trial.n // 4, f"replies are lost: {relay.lost}")
    finding.expect(figures["refused"] > 0, "the provider has to try again")
    for name in ("never_acked", "seen_too_often"):
        finding.expect(figures[name] == 0, f"{name} is 0, and not {figures[name]}")
    return finding


def _seen_too_often(url: str, told: Sequence[Prepared], path: Path) -> int:
    """How many callbacks were sent once and are said to have been seen more often."""
    tries = Counter(said(told[entry.number]) for entry in ledger.read(path))
    columns = CallbackRow.method, CallbackRow.query, CallbackRow.body, CallbackRow.seen
    database = Database(url)
    rows = database.read(lambda session: session.execute(select(*columns)).all())
    database.engine.dispose()
    return sum(tries[tuple(content)] == 1 < seen for *content, seen in rows)


PROOF = Proof(
    id="R6",
    promise="a lost COMMIT reply is harmless",
    prove=prove,
    small=30,
    full=1000,
    broken=60,
    variants=("no_unique_key",),
    databases=(POSTGRESQL,),
)
