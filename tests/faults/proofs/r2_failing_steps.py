"""R2: whichever step of the database's work fails, trying once more leaves the same rows.

The story of `interrupted` is told once undisturbed, and then once for each of its steps, which
fails as an error, as a disconnection or by the end of the process. An embedded database has no
connection to lose.
"""

import sys
from collections.abc import Iterator

from faxhooks import logs
from faxhooks.app import compose_parts
from faxhooks.services.accounts import Account
from faxhooks.services.parts import Parts
from tests.faults.disturbance import Manner
from tests.faults.interrupted import tell
from tests.faults.proof import SQLITE, Finding, Proof, Trial
from tests.story import settings_for

_MANNERS = {SQLITE: (Manner.ERROR, Manner.EXIT)}


def prove(trial: Trial) -> Finding:
    """Tell the story once for each step, and compare all rows."""
    logs.configure("critical", sys.stderr)  # What fails here is meant to, and told at length.
    url = trial.database_url()
    finding = Finding()
    parts = compose_parts(settings_for(url))
    with trial.broken():
        undisturbed = tell(url, _add_account(parts, "undisturbed"))
        steps = undisturbed.steps
        disturbances = list(_disturbances(trial, steps))
        for manner, at in disturbances:
            account = _add_account(parts, f"{manner} {at}")
            told = tell(url, account, at, manner, trial.variant or "")
            where = f"where step {at} of {steps} ends in an {manner}"
            finding.expect(told.rows == undisturbed.rows, f"the same rows {where}")
            left = told.checked_out
            finding.expect(left == 0, f"no connection left checked out {where}: {left}")
    parts.database.engine.dispose()
    finding.figures = {"steps": steps, "disturbed": len(disturbances)}
    return finding


def _disturbances(trial: Trial, steps: int) -> Iterator[tuple[Manner, int]]:
    """Every step in every manner, or `n` of them in each where that is fewer."""
    chosen = trial.random().sample(range(1, steps + 1), min(trial.n, steps))
    for manner in _MANNERS.get(trial.database, tuple(Manner)):
        for at in sorted(chosen):
            yield manner, at


def _add_account(parts: Parts, label: str) -> Account:
    """One for each telling, so that one database holds them all."""
    return parts.database.write(lambda session: parts.accounts.add(session, "faxplus", label, {}))


PROOF = Proof(
    id="R2",
    promise="every step may fail",
    prove=prove,
    small=4,
    full=1000,
    broken=8,
    variants=("catch_all_200",),
)
