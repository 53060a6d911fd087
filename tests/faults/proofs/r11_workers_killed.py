"""R11: three workers share the asking, one is killed every two seconds, and none is missed.

Every fax is due at once and is asked about alone. Who was killed while asking leaves a lease
behind: only when that has run out may another worker ask again, and a question is begun only
while enough of the lease is left. A question that was asked twice sooner is one too many; a fax
that has no end afterwards was forgotten.
"""

import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from faxhooks.db.models import FaxRow
from faxhooks.domain.fax import Outcome
from faxhooks.simulator.fakes.behaviour import Behaviour
from faxhooks.simulator.fakes.fake import Call
from faxhooks.simulator.fakes.serving import Asked, Told
from tests.asked import World, world
from tests.faults.asking_worker import HABITS
from tests.faults.proof import POSTGRESQL, Finding, Proof, Trial
from tests.running.gunicorns import ROOT

WORKERS = 3
EVERY = 2.0
"""Seconds from one kill to the next."""

PER_SECOND = 30
"""Requests that the account's budget allows; what was reserved by who was killed is lost."""

SLOW = 0.1
"""Seconds that an answer takes, so that workers are killed while they wait for one."""

MOST_SECONDS = 60
EARLY = 0.5
"""Seconds by which what is left of a lease may seem shorter: a question is counted once it was
answered.
"""


def prove(trial: Trial) -> Finding:
    """Let them work and die until every fax has an end, or time is up."""
    url = trial.database_url()
    quiet = Behaviour(drop=1.0, seed=trial.seed)
    pace = {"calls_per_minute": str(60 * PER_SECOND), "time_limit": "10000"}
    with world(url, quiet, **pace) as made:
        made.sweep()
        for _ in range(trial.n):
            made.send("signalwire")
        made.time.put(timedelta(hours=1))
        made.sweep()  # Every fax is known now, and on its way.
        _slow_down(made)
        fake = made.fakes["signalwire"]
        known, asked = _open(made), len(fake.calls)
        made.put_on(minutes=52)  # Asked at an hour, each is due at 100 to 110 minutes.
        seconds = MOST_SECONDS + trial.n / 5
        killed = _work(trial, url, made, seconds)
        left = _open(made)
        gets = [call for call in fake.calls[asked:] if call.path.rpartition("/")[2] != "Faxes"]
    return _look(known, left, killed, gets)


def _slow_down(made: World) -> None:
    fake = made.fakes["signalwire"]
    answer = fake.answer

    def answer_slowly(asked: Asked) -> Told:
        told = answer(asked)
        time.sleep(SLOW)
        return told

    fake.answer = answer_slowly  # type: ignore[method-assign]


def _work(trial: Trial, url: str, made: World, seconds: float) -> int:
    """How many workers were killed."""
    random, killed = trial.random(), 0
    ahead = str(made.time.ahead.total_seconds())
    begun = trial.folder / "begun"
    begun.mkdir()
    told = (url, ahead, str(begun), trial.variant or "")
    command = [sys.executable, "-m", "tests.faults.asking_worker", *told]
    until, due = time.monotonic() + seconds, time.monotonic() + EVERY
    with _workers(command) as workers:
        while time.monotonic() < until and _open(made):
            # On a busy machine a worker may take longer to begin than from one kill to the next.
            asking = all((begun / str(worker.pid)).exists() for worker in workers)
            if asking and time.monotonic() > due:
                number = random.randrange(WORKERS)
                workers[number].send_signal(signal.SIGKILL)
                workers[number].wait()
                workers[number] = _start(command)
                killed, due = killed + 1, time.monotonic() + EVERY
            time.sleep(0.1)
    return killed


@contextmanager
def _workers(command: Sequence[str]) -> Iterator[list["subprocess.Popen[bytes]"]]:
    started = [_start(command) for _ in range(WORKERS)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, cwd=ROOT)


def _open(made: World) -> int:
    def ask(session: Session) -> int:
        pending = select(func.count(FaxRow.id)).where(FaxRow.outcome == Outcome.PENDING)
        return session.scalar(pending) or 0

    return made.parts.database.read(ask)


def _look(known: int, left: int, killed: int, gets: Sequence[Call]) -> Finding:
    asked = defaultdict(list)
    for call in gets:
        asked[call.path].append(call.at)
    least = HABITS.spare.total_seconds() - EARLY
    again = [b - a for times in asked.values() for a, b in pairwise(times)]
    soon = sum(gap < least for gap in again)
    finding = Finding(
        {
            "faxes": known,
            "workers_killed": killed,
            "asked": len(gets),
            "asked_after_a_lease": len(again) - soon,
            "asked_too_soon": soon,
            "forgotten": left,
        }
    )
    finding.expect(known > 0, f"there are faxes to ask about, and not {known}")
    finding.expect(killed > 0, "workers were killed")
    finding.expect(soon == 0, f"nobody asks twice within a lease: {soon} did")
    finding.expect(left == 0, f"no fax is forgotten: {left} were")
    return finding


PROOF = Proof(
    id="R11",
    promise="workers may die at any moment: nothing is asked twice at once, and nothing forgotten",
    prove=prove,
    small=60,
    full=600,
    broken=100,
    variants=("no_lease", "taken_is_done"),
    databases=(POSTGRESQL,),
)
