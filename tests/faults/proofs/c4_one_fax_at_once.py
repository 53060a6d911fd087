"""C4: of many different callbacks about one fax, all at once, each has its line in the history.

40 clients send, to two processes. Where the fax stands is compared with a second, plain fold
over all that was acknowledged; deadlocks are counted by PostgreSQL itself. A history of
thousands is longer than any fax has, and each new line is folded with all of it: who waits for
too many of those is refused, and tries again.
"""

from sqlalchemy import text

from faxhooks.db.opening import open_engine
from tests.faults.checker import check
from tests.faults.crowds import one_fax, tell
from tests.faults.proof import POSTGRESQL, Finding, Proof, Trial
from tests.faults.serving import serving

CLIENTS = 40
MOST_SECONDS = 240


def prove(trial: Trial) -> Finding:
    """Tell it all, and look at the one fax."""
    finding, path, url = Finding(), trial.folder / "ledger", trial.database_url()
    before = _deadlocks(trial, url)
    with serving(trial, url) as (served, hook, _):
        told = one_fax(hook.signalwire_account, trial.n, trial.random())
        tell(served.port, told, path, clients=CLIENTS, seconds=MOST_SECONDS)
        served.stop()  # In good order, so that its connections report what they counted.
    check(finding, url, told, path)
    missing = finding.figures["never_acked"]
    finding.expect(missing == 0, f"the provider gets everything told, and not {missing} less")
    deadlocks = _deadlocks(trial, url) - before
    finding.figures["deadlocks"] = deadlocks
    finding.expect(deadlocks == 0, f"deadlocks are 0, and not {deadlocks}")
    return finding


def _deadlocks(trial: Trial, url: str) -> int:
    """So far; an embedded database refuses instead, which is counted as refused."""
    if trial.database != POSTGRESQL:
        return 0
    engine = open_engine(url)
    with engine.connect() as connection:
        counted = connection.scalar(
            text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        )
    engine.dispose()
    return int(counted or 0)


PROOF = Proof(
    id="C4",
    promise="one fax, many at once",
    prove=prove,
    small=120,
    full=2400,
    broken=240,
    variants=("read_modify_write",),
)
