"""C3: one callback that comes a hundred times at once is one fact, and counted as a hundred.

Every copy has its fields in an order of its own, as a form's or as JSON's; all copies are sent
at the same moment, to two processes, before anybody has heard of the fax.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from faxhooks.db.engine import Database
from faxhooks.db.models import CallbackRow, EventRow, FaxRow
from tests.faults.proof import SQLITE, Finding, Proof, Trial
from tests.faults.serving import serving
from tests.story import Hook

COPIES = 100
_WAIT = 30
_FORM = {"FaxStatus": "busy", "To": "+13104456789", "From": "+13103383454", "NumPages": "2"}
_DATA = {"status": "failed_user_busy", "to": "+13104456789", "from": "+13103383454", "pages": 2}


def prove(trial: Trial) -> Finding:
    """A storm for each fax, then what is kept of each."""
    url, random = trial.database_url(), trial.random()
    with (
        serving(trial, url) as (served, hook, _),
        ThreadPoolExecutor(COPIES) as pool,
    ):
        at_once = threading.Barrier(COPIES)

        def post(copy: tuple[int, Random]) -> int:
            at_once.wait(_WAIT)
            return _post(hook, *copy)

        copies = [(fax, Random(random.random())) for fax in range(trial.n) for _ in range(COPIES)]
        refused = sum(code != 200 for code in pool.map(post, copies))
        served.stop()
    finding = _look(url, trial.n)
    errors = served.output.read_text().count("Traceback")
    finding.figures |= {"refused": refused, "errors": errors}
    finding.expect(errors == 0, f"nothing goes wrong inside: {errors} tracebacks in the log")
    finding.expect(refused == 0, f"no copy is refused: {refused} were")
    return finding


def _post(hook: Hook, fax: int, random: Random) -> int:
    """One copy: every other fax is one of SignalWire's."""
    if fax % 2:
        return int(hook.faxplus(f"f{fax}", **_mixed(_DATA, random)).status_code)
    return int(hook.signalwire(**_mixed({"FaxSid": f"f{fax}", **_FORM}, random)).status_code)


def _mixed(fields: dict[str, Any], random: Random) -> dict[str, Any]:
    return dict(random.sample(sorted(fields.items()), len(fields)))


def _look(url: str, count: int) -> Finding:
    database = Database(url)
    rows = database.read(_ask)
    database.engine.dispose()
    faxes, events, callbacks, seen = rows
    finding = Finding({"faxes": faxes, "events": events, "callbacks": callbacks, "seen": sum(seen)})
    for name in ("faxes", "events", "callbacks"):
        found = finding.figures[name]
        finding.expect(found == count, f"{name}: one for each of {count}, and not {found}")
    wrong = [times for times in seen if times != COPIES]
    finding.expect(not wrong, f"each was seen {COPIES} times, and not {wrong}")
    return finding


def _ask(session: Session) -> tuple[int, int, int, list[int]]:
    faxes, events, callbacks = (
        session.scalar(select(func.count()).select_from(table)) or 0
        for table in (FaxRow, EventRow, CallbackRow)
    )
    return faxes, events, callbacks, list(session.scalars(select(CallbackRow.seen)))


PROOF = Proof(
    id="C3",
    promise="a duplicate storm leaves one fact",
    prove=prove,
    small=4,
    full=50,
    broken=20,
    variants=("look_before_insert",),
    # It has one writer at a time: nobody comes between a look and an insert.
    unfit=frozenset({(SQLITE, "look_before_insert")}),
)
