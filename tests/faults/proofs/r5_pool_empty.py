"""R5: when all connections wait for one row, the rest is refused in time, and all heals."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Barrier
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import text

from faxhooks.db.engine import Database
from faxhooks.services import parts
from faxhooks.services.keys import create_key
from tests.doors import transport
from tests.faults.proof import Finding, Proof, Trial
from tests.faults.variants_believing import replaced
from tests.story import Hook, Service, make_service

POOL = 2
FAX = "locked"
LOCKS = {
    "sqlite": "BEGIN IMMEDIATE",  # The embedded database has one lock for all of its rows.
    "postgresql": "SELECT 1 FROM faxes FOR UPDATE",
}
MOST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Fresh:
    """Requests into the application from many threads, each by a client of its own."""

    door: str
    app: Any

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any:
        return transport(self.door, self.app).send(method, target, headers, body)


class Answer(NamedTuple):
    """To a callback or a person, and after how many seconds."""

    to_callback: bool
    said: int
    seconds: float


class Crowd:
    """Callbacks about one fax, and people who tag it: every other one each."""

    def __init__(self, service: Service, door: str) -> None:
        way = Fresh(door, service.app)
        self.hook = Hook(way, service.hook.signalwire_account, service.hook.faxplus_account)
        self.id = service.api.fax(FAX)["id"]
        _, key = service.parts.database.write(lambda s: create_key(s, "tags", ["read", "send"]))
        self._transport = way
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def call(self, number: int) -> int:
        """What one of them is answered."""
        if number % 2 == 0:
            answer = self.hook.faxplus(FAX, "failed", attempt=f"attempt-{number}")
        else:
            body = json.dumps({"tags": {"who": str(number)}}).encode()
            target = f"/api/v1/faxes/{self.id}"
            answer = self._transport.send("PATCH", target, self._headers, body)
        return int(answer.status_code)

    def insist(self, together: Barrier, number: int) -> list[Answer]:
        """Begin with all others, and try again until it is taken."""
        together.wait()
        until, answers = time.monotonic() + MOST_SECONDS, list[Answer]()
        while (not answers or answers[-1].said != 200) and time.monotonic() < until:
            began = time.monotonic()
            said = self.call(number)
            answers.append(Answer(number % 2 == 0, said, time.monotonic() - began))
            time.sleep(0.2)
        return answers


def prove(trial: Trial) -> Finding:
    """Lock the fax's row, let everybody want it, let go of it, and look at the pool."""
    finding = Finding()
    url = trial.database_url()
    with trial.broken(), replaced(parts, "Database", partial(Database, pool_size=POOL)):
        service = make_service(url, trial.door, log_level="critical")
        pool = service.parts.database.engine.pool
        try:
            service.hook.faxplus(FAX, "in_progress")
            answers = _crowd(Crowd(service, trial.door), url, trial)
            left = _left(pool)
            events = service.api.fax(FAX)["events"]
        finally:
            service.parts.database.engine.dispose()
    said = Counter(answer.said for answer in answers)
    slowest, slowest_api = (
        max(answer.seconds for answer in answers if answer.to_callback is to_callback)
        for to_callback in (True, False)
    )
    finding.figures |= {
        "answers": dict(sorted(said.items())),
        "slowest_answer": round(slowest, 3),
        "slowest_of_the_api": round(slowest_api, 3),
        "left_checked_out": left,
        "events": events,
    }
    finding.expect(set(said) == {200, 503}, "all is answered 503 while it is locked, or 200")
    finding.expect(slowest < 3, f"a callback is answered within 3 s, and not {slowest:.2f}")
    finding.expect(left == 0, "no connection is left checked out")
    should = 1 + (trial.n + 1) // 2
    finding.expect(events == should, f"all {should} facts are in the history, and not {events}")
    return finding


def _left(pool: Any) -> int:
    """Connections that nobody gives back; who was refused may still be on the way to."""
    until = time.monotonic() + 3
    while (left := int(pool.checkedout())) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def _crowd(crowd: Crowd, database_url: str, trial: Trial) -> list[Answer]:
    """All at once, with the row locked for ten seconds where they are two hundred."""
    together = Barrier(trial.n + 1)
    with ThreadPoolExecutor(trial.n) as threads:
        with _locked(database_url, trial.database):
            insisting = [threads.submit(crowd.insist, together, n) for n in range(trial.n)]
            together.wait()
            time.sleep(min(10.0, max(3.0, trial.n / 20)))
        return [answer for one in insisting for answer in one.result()]


@contextmanager
def _locked(database_url: str, database: str) -> Iterator[None]:
    """The fax's row belongs to somebody else, who takes a while."""
    engine = sqlalchemy.create_engine(database_url)
    try:
        with engine.connect() as connection:
            connection.execute(text(LOCKS[database]))
            yield
            connection.rollback()
    finally:
        engine.dispose()


PROOF = Proof(
    id="R5",
    promise="with no connection left a refusal in time, and all of them back afterwards",
    prove=prove,
    small=40,
    full=200,
    broken=200,
    variants=("default_pool_timeout",),
)
