"""R8: what callbacks do not tell is found by asking, within two sweeps and within the budget.

Callbacks are dropped, doubled and held back, the database is away for a while, and then the
providers answer our questions with 429, 5xx and nothing at all. A sweep is what a worker does
in an hour. Time is put on, so that nobody waits for it.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event

from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from faxhooks.db.models import EventRow, FaxRow
from faxhooks.db.references import find_faxes
from faxhooks.domain.fax import FaxStatus
from faxhooks.services.beating import Heart
from faxhooks.services.reconciling import Habits
from faxhooks.simulator import faxplus, signalwire
from faxhooks.simulator.fakes.behaviour import Behaviour
from tests.asked import World, world
from tests.faults.cluster import cluster
from tests.faults.proof import SQLITE, Finding, Proof, Trial

PACE = 3
"""Requests a minute that an account may send: few, so that to keep to them is no accident."""

PATIENT = Habits(lease=timedelta(minutes=30), longest_wait=timedelta(minutes=2))

SPEED = 60.0
PASSES = 60
ENDS = {
    "signalwire": {"delivered": 6.0, "busy": 1.0, "no-answer": 1.0, "failed": 1.0},
    "faxplus": {"success": 6.0, "failed_user_busy": 1.0, "partially_sent": 1.0},
}
BECOME: Mapping[str, Mapping[str, FaxStatus]] = {
    "signalwire": signalwire.STATUSES,
    "faxplus": faxplus.BECOME,
}


def prove(trial: Trial) -> Finding:
    """Send them all, lose what may be lost, sweep twice, and look."""
    lossy = Behaviour(drop=0.3, duplicate=0.1, reorder=0.1, speed=SPEED, seed=trial.seed)
    with (
        trial.broken(),
        _database(trial) as (url, away),
        world(url, lossy, calls_per_minute=str(PACE)) as made,
    ):
        for name, fake in made.fakes.items():
            fake.behaviour = replace(lossy, outcomes=ENDS[name])
        made.sweep()
        sent = _send(made, trial, away)
        first_call = {name: len(fake.calls) for name, fake in made.fakes.items()}
        for fake in made.fakes.values():
            fake.behaviour = replace(
                fake.behaviour, throttle=0.1, fail=0.1, hang=0.05, hang_seconds=0.2, garble=0.05
            )
        finding = Finding({"faxes": sum(map(len, sent.values()))})
        finding.figures["wrong_before"] = _count_wrong(made, sent)
        for sweep in ("one", "two"):
            finding.figures[f"passes_of_{sweep}"] = _sweep(made)
            finding.figures[f"wrong_after_{sweep}"] = _count_wrong(made, sent)
        _look(finding, made, first_call)
    return finding


def _send(made: World, trial: Trial, away: Callable[[], None]) -> dict[str, list[str]]:
    """Half of them while all is well, a quarter while the database goes and comes back, and a
    quarter afterwards; ids by provider.
    """
    heart = Heart(made.parts.database, made.time.now)
    heart.run(Event())
    sent: dict[str, list[str]] = {name: [made.send(name)] for name in made.fakes}
    half, quarter = trial.n // 4, trial.n // 8
    with ThreadPoolExecutor(4) as pool:
        _send_some(made, pool, sent, half - 1)
        made.put_on(minutes=5)
        made.settle()
        outage = threading.Thread(target=away)
        outage.start()
        _send_some(made, pool, sent, quarter)
        made.put_on(minutes=5)
        outage.join()
        _send_some(made, pool, sent, half - quarter)
    made.put_on(minutes=10)
    made.settle()
    heart.run(Event())
    return sent


def _send_some(
    made: World, pool: ThreadPoolExecutor, sent: Mapping[str, list[str]], count: int
) -> None:
    """So many more at each provider."""
    for name in sent:
        sent[name].extend(pool.map(made.send, [name] * count))


def _sweep(made: World) -> int:
    """An hour and more, in which a worker passes again and again; how often it found work."""
    made.put_on(minutes=62)
    worked = 0
    for _ in range(PASSES):
        counts = made.passes(PATIENT)
        if not any(counts.values()):
            break
        worked += 1
        made.put_on(seconds=15)
    return worked


def _count_wrong(made: World, sent: Mapping[str, list[str]]) -> int:
    return made.parts.database.read(lambda session: _wrong(session, made, sent))


def _wrong(session: Session, made: World, sent: Mapping[str, list[str]]) -> int:
    """Faxes that are not where their provider has them."""
    wrong = 0
    for name, ids in sent.items():
        account, fake = made.accounts[name].id, made.fakes[name]
        known = find_faxes(session, {(account, fax_id) for fax_id in ids})
        rows = {row.id: row.status for row in session.scalars(select(FaxRow))}
        for fax_id in ids:
            word = fake.faxes[fax_id].life.step(fake.clock.now()).word  # type: ignore[attr-defined]
            wrong += rows.get(known.get((account, fax_id))) != BECOME[name][word]  # type: ignore[arg-type]
    return wrong


def _look(finding: Finding, made: World, first_call: Mapping[str, int]) -> None:
    backwards = made.parts.database.read(_backwards)
    finding.figures["backwards"] = backwards
    for name, fake in made.fakes.items():
        calls = fake.calls[first_call[name] :]
        busiest = _busiest_minute([made.time.at(call.at) for call in calls])
        finding.figures |= {f"calls_{name}": len(calls), f"busiest_minute_{name}": busiest}
        finding.expect(busiest <= PACE, f"{name}: at most {PACE} calls a minute, not {busiest}")
    figures = finding.figures
    finding.expect(figures["wrong_before"] > 0, "callbacks were lost")
    finding.expect(figures["wrong_after_two"] == 0, f"wrong is 0, not {figures['wrong_after_two']}")
    finding.expect(backwards == 0, f"no end becomes open again: {backwards} did")


def _backwards(session: Session) -> int:
    """How often a fax that had an end was open afterwards."""
    ended, backwards = set(), 0
    order = select(EventRow.fax_id, EventRow.status_after).order_by(EventRow.fax_id, EventRow.seq)
    for fax_id, status in session.execute(order):
        if FaxStatus(status).is_final:
            ended.add(fax_id)
        else:
            backwards += fax_id in ended
    return backwards


def _busiest_minute(times: list[float]) -> int:
    window: deque[float] = deque()
    most = 0
    for moment in sorted(times):
        window.append(moment)
        while window[0] <= moment - 60:
            window.popleft()
        most = max(most, len(window))
    return most


@contextmanager
def _database(trial: Trial) -> Iterator[tuple[str, Callable[[], None]]]:
    """With what takes it away for a while: a minute in full."""
    seconds = 60.0 if trial.n >= 1000 else 1.5
    if trial.database == SQLITE:
        url = trial.database_url()
        yield url, lambda: _lock(str(make_url(url).database), seconds)
        return
    with cluster(trial.folder) as server:

        def stop() -> None:
            server.stop("immediate")
            time.sleep(seconds)
            server.start()

        yield server.url, stop


def _lock(path: str, seconds: float) -> None:
    """Keep everybody else from writing."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")


PROOF = Proof(
    id="R8",
    promise="a callback that never came is found by asking the provider",
    prove=prove,
    small=20,
    full=2000,
    broken=60,
    variants=("nobody_asks", "unknown_faxes_are_left_out", "no_budget"),
)
