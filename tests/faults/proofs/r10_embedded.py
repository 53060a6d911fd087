"""R10: the embedded database holds with two processes of eight threads that all write.

A quarter of the callbacks is about one fax, the others about many. Whoever found the database
locked would be refused, so that a single refusal breaks the promise.
"""

from tests.faults.checker import check
from tests.faults.crowds import one_fax, tell
from tests.faults.proof import SQLITE, Finding, Proof, Trial
from tests.faults.provider import stories
from tests.faults.service import customers
from tests.faults.serving import serving

CLIENTS = 16
MOST_SECONDS = 240
_PROCESSES = {"WEB_CONCURRENCY": "2", "GUNICORN_CMD_ARGS": "--threads 8"}


def prove(trial: Trial) -> Finding:
    """Tell it all, and look at every fax, and for words of a lock in the log."""
    finding, path, url = Finding(), trial.folder / "ledger", trial.database_url()
    with serving(trial, url, **_PROCESSES) as (served, hook, _):
        random, about_one = trial.random(), trial.n // 4
        told = one_fax(hook.signalwire_account, about_one, random)
        told += stories(customers(hook), trial.n - about_one, random)
        random.shuffle(told)
        tell(served.port, told, path, clients=CLIENTS, seconds=MOST_SECONDS)
        served.stop()
    check(finding, url, told, path)
    for name in ("refused", "unknown", "never_acked"):
        found = finding.figures[name]
        finding.expect(found == 0, f"{name} is 0, and not {found}")
    locked = served.output.read_text().count("database is locked")
    finding.figures["database_is_locked"] = locked
    finding.expect(locked == 0, f"`database is locked` is in the log {locked} times")
    return finding


PROOF = Proof(
    id="R10",
    promise="SQLite holds",
    prove=prove,
    small=200,
    full=3000,
    broken=300,
    variants=("default_transaction_mode",),
    databases=(SQLITE,),
)
