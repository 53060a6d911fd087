"""R12: three workers send, one is killed every two seconds, and no fax is sent twice or not at all.

Every tenth request to send is never answered, and half of those took effect all the same.
Every fax has a recipient of its own, so that the fakes can say how often each was sent.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any, Final, Self

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from faxhooks.db.models import EventRow
from faxhooks.db.sendmodels import SendRow
from faxhooks.db.sends import SendState
from faxhooks.services.submitting import MOST_RECIPIENTS
from faxhooks.simulator.fakes.behaviour import Behaviour
from faxhooks.simulator.fakes.serving import Asked, Told
from tests.asked import World, world
from tests.faults.proof import POSTGRESQL, Finding, Proof, Trial
from tests.ordered import order
from tests.running.gunicorns import ROOT

WORKERS: Final = 3
EVERY: Final = 2.0
"""Seconds from one kill to the next."""

SLOW: Final = 0.1
"""Seconds that an answer takes, so that workers are killed while they wait for one."""

UNANSWERED: Final = 10
"""Of so many requests to send one has no answer."""

SIGNALWIRE_SHARE: Final = 25
"""One fax in so many goes through SignalWire, which takes one a second."""

MOST_SECONDS: Final = 60


def prove(trial: Trial) -> Finding:
    """Let them work and die until every fax is sent, or time is up; then ask the providers."""
    url = trial.database_url()
    silent = Behaviour(drop=1.0, seed=trial.seed)
    numbers = [f"+1310{5550000 + number}" for number in range(trial.n)]
    slow = numbers[::SIGNALWIRE_SHARE]
    with world(url, silent) as made:
        _order(made, "signalwire", slow)
        _order(made, "faxplus", [each for each in numbers if each not in slow])
        for fake in made.fakes.values():
            _disturb(fake)
        killed = _work(trial, url, made, MOST_SECONDS + 0.6 * trial.n)
        sent = Counter(
            each.stage.recipient for fake in made.fakes.values() for each in _taken(fake)
        )
        states = made.parts.database.read(_states)
        doubts = made.parts.database.read(_doubts)
    twice = sum(count > 1 for count in sent.values())
    never = sum(number not in sent for number in numbers)
    left = trial.n - states[SendState.SENT]
    finding = Finding(
        {
            "workers_killed": killed,
            "in_doubt": doubts,
            "sent_twice": twice,
            "not_sent": never,
            "unsettled": left,
        }
    )
    finding.expect(killed > 0, "workers were killed")
    finding.expect(doubts > 0, "there were faxes of which nobody knew whether they were sent")
    finding.expect(twice == 0, f"no fax is sent twice: {twice} were")
    finding.expect(never == 0, f"every fax is sent: {never} were not")
    finding.expect(left == 0, f"what was in doubt is settled: {left} are not")
    return finding


def _order(made: World, name: str, numbers: Sequence[str]) -> None:
    """As many in one request as may be."""
    for first in range(0, len(numbers), MOST_RECIPIENTS):
        order(made, name, *numbers[first : first + MOST_RECIPIENTS])


def _taken(fake: Any) -> list[Any]:
    return list(fake.faxes.values())


def _disturb(fake: Any) -> None:
    """Let it take its time with faxes, and break off the connection of every tenth."""
    answer, numbers = fake.answer, count(1)

    def answer_slowly(asked: Asked) -> Told:
        if asked.method != "POST" or not asked.path.endswith(("/outbox", "/Faxes")):
            told: Told = answer(asked)
            return told
        number = next(numbers)
        lost = number % UNANSWERED == 0
        took = None if lost and number % (2 * UNANSWERED) else answer(asked)
        time.sleep(SLOW)
        if lost or took is None:
            raise ConnectionResetError
        return took

    fake.answer = answer_slowly


def _work(trial: Trial, url: str, made: World, seconds: float) -> int:
    """How many workers were killed."""
    random, killed = trial.random(), 0
    until, due = time.monotonic() + seconds, time.monotonic() + EVERY
    with _Workers(url, trial.variant) as workers:
        while time.monotonic() < until and made.parts.database.read(_under_way):
            if time.monotonic() > due:
                workers.replace(random.randrange(WORKERS))
                killed, due = killed + 1, time.monotonic() + EVERY
            time.sleep(0.1)
    return killed


class _Workers:
    """So many of them, for a while."""

    def __init__(self, url: str, variant: str | None) -> None:
        command = [sys.executable, "-m", "tests.faults.sending_worker", url, variant or ""]
        pipe = subprocess.PIPE
        self._parent = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        self._numbers: list[int] = []

    def __enter__(self) -> Self:
        self._numbers = [self._start() for _ in range(WORKERS)]
        return self

    def replace(self, place: int) -> None:
        """Kill one as it is, and start another."""
        os.kill(self._numbers[place], signal.SIGKILL)
        self._numbers[place] = self._start()

    def __exit__(self, *_: object) -> None:
        for number in self._numbers:
            os.kill(number, signal.SIGKILL)
        self._parent.communicate()

    def _start(self) -> int:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write("\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())


def _states(session: Session) -> Counter[str]:
    counted = select(SendRow.state, func.count()).group_by(SendRow.state)
    return Counter(dict(session.execute(counted).tuples().all()))


def _under_way(session: Session) -> int:
    states = _states(session)
    return states[SendState.WAITING] + states[SendState.SUBMITTING]


def _doubts(session: Session) -> int:
    """How often a fax was found, or not found, in the list."""
    looked = EventRow.detail.like("%provider's list%")
    return session.scalar(select(func.count()).select_from(EventRow).where(looked)) or 0


PROOF = Proof(
    id="R12",
    promise="a fax is sent once, whatever crashes and whoever does not answer",
    prove=prove,
    small=30,
    full=2000,
    broken=30,
    variants=("claim_not_committed", "sent_again_when_in_doubt"),
    databases=(POSTGRESQL,),
)
