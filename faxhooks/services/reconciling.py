"""What no callback told is asked for: the passes of a worker.

Any number of workers may run them at once. A fax is leased before it is asked about and the
lease ends with the commit that records the answer; who dies in between holds it until the
lease runs out, and nothing is lost but that time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import askings, polls
from faxhooks.db.polls import Lease
from faxhooks.providers.asking import Client, ProviderError
from faxhooks.services.budgeting import give_back, is_paused, reserve
from faxhooks.services.desks import Clock, Desks, terms_of_all, utc_now
from faxhooks.services.enrolling import begin, enrol
from faxhooks.services.heeding import Desk, Question, ask, end_overdue, heed
from faxhooks.services.parts import Parts
from faxhooks.services.sweeping import AHEAD, Sweeper, Swept

log = structlog.get_logger()

BATCH: Final = 10
MOST_PAGES: Final = 40
"""Of the feed in one pass, so that asking has its turn."""

_MOST_DUE: Final = 1000
_PER_LIST: Final = 20
"""How many faxes of a list one that is due is worth: those that are not cost a page too."""

_CALLS: Final = 2.0
"""Requests reserved for a fax; what it takes in truth is settled afterwards."""

SWEEPS: Final = timedelta(hours=1)
OVERLAP: Final = timedelta(hours=1)
_GRACE: Final = timedelta(minutes=5)
_LEAST_APART: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Habits:
    """How long a lease lasts; how much of it must be left to ask about one more fax, which is
    longer than its requests can take; how long the budget is waited for between two pages; and
    how many faxes of an account must be due at once for a list to serve.
    """

    lease: timedelta = timedelta(minutes=5)
    spare: timedelta = timedelta(minutes=3)
    longest_wait: timedelta = timedelta(seconds=20)
    many: int = 10


class Reconciler:
    """Plans, asks and records, as far as it is due, and then returns."""

    def __init__(self, parts: Parts, clock: Clock = utc_now, habits: Habits = Habits()) -> None:
        self.id = uuid7()
        self._database = parts.database
        self._desks = Desks(parts)
        self._clock = clock
        self._habits = habits

    def run(self, stopping: Event) -> dict[str, int]:
        """One pass: how many faxes were planned, asked about, listed, and given up in time."""
        desks = self._desks.list_all()
        counts = {"planned": self._plan(desks, stopping), "asked": 0, "listed": 0, "overdue": 0}
        for desk in desks:
            if stopping.is_set():
                break
            with self._desks.client(desk.entrance) as client:
                if client is not None and desk.terms.askable:
                    self._serve(desk, client, counts, stopping)
            counts["overdue"] += self._end_overdue(desk, stopping)
        return counts

    def _plan(self, desks: list[Desk], stopping: Event) -> int:
        terms, now, planned = terms_of_all(desks), self._clock(), 0
        for desk in desks:
            if desk.terms.askable:
                self._database.write(lambda s, d=desk: begin(s, d.account_id, terms, now))  # type: ignore[misc]
        for _ in range(MOST_PAGES):
            count = 0 if stopping.is_set() else self._database.write(lambda s: enrol(s, terms, now))
            planned += count
            if not count:
                break
        return planned

    def _serve(self, desk: Desk, client: Client, counts: dict[str, int], stopping: Event) -> None:
        """All that is due of one account, by a list first where that is fewer requests."""
        try:
            since = self._database.write(lambda session: self._begin_sweep(session, desk))
            if since is not None:
                counts["listed"] += self._sweep(desk, client, since, stopping).listed
        except ProviderError as error:
            log.warning("sweep_failed", account_id=str(desk.account_id), error=str(error))
        more = True
        while more and not stopping.is_set():
            asked, more = self._ask_batch(desk, client, stopping)
            counts["asked"] += asked

    def _begin_sweep(self, session: Session, desk: Desk) -> datetime | None:
        """Since when the lists are to be read; None when it is not worth it now."""
        now, asking = self._clock(), askings.find_asking(session, desk.account_id)
        if asking is None or is_paused(asking, now):
            return None
        since = asking.swept_until - OVERLAP
        if asking.sweep_at > now:
            due = polls.count_due(session, desk.account_id, now, _MOST_DUE)
            oldest = polls.oldest_due(session, desk.account_id, now, _MOST_DUE)
            if due < self._habits.many or oldest is None or now - asking.swept_until < _LEAST_APART:
                return None
            since = min(since, oldest - OVERLAP)
            others = polls.count_known(session, desk.account_id, since, due * _PER_LIST)
            if others >= due * _PER_LIST:
                return None
        locked = askings.lock_asking(session, desk.account_id)
        return since if locked and askings.lease_sweep(locked, self._lease()) else None

    def _sweep(self, desk: Desk, client: Client, since: datetime, stopping: Event) -> Swept:
        """Not for longer than its lease, nor with long waits: others are due too."""
        began, total, done = self._clock(), Swept(), False
        ends = began + self._habits.lease
        idle = self._clock() + self._habits.longest_wait

        def wait(seconds: float) -> bool:
            return stopping.wait(seconds) or self._clock() > min(ends, idle)

        try:
            sweeper = Sweeper(self._database, self._clock, wait)
            for swept in sweeper.sweep(desk, client, since, began + AHEAD):
                total += swept
                idle = self._clock() + self._habits.longest_wait
            done = not wait(0)
        finally:
            self._database.write(lambda session: self._end_sweep(session, desk, began, done))
        return total

    def _end_sweep(self, session: Session, desk: Desk, began: datetime, done: bool) -> None:
        asking = askings.lock_asking(session, desk.account_id)
        if asking is not None and done:
            askings.end_sweep(asking, self.id, began, began + SWEEPS)
        elif asking is not None:
            askings.release_sweep(asking, self.id)

    def _ask_batch(self, desk: Desk, client: Client, stopping: Event) -> tuple[int, bool]:
        """Lease a few, ask about each, and record each in a commit of its own; how many these
        were, and whether there may be more.
        """
        lease = self._lease()
        questions = self._database.write(lambda session: self._claim(session, desk, lease))
        asked, heard = 0, None
        for question in questions:
            if stopping.is_set() or self._clock() > lease.until - self._habits.spare:
                break
            heard = ask(client, question)
            asked += 1
            self._commit(lambda s, h=heard: heed(s, desk, h, self.id, self._clock()))  # type: ignore[misc]
            if heard.stops:
                break
        left = questions[asked:]
        if left:
            self._commit(lambda session: self._release(session, desk, left))
        return asked, heard is not None and not left and not heard.stops

    def _claim(self, session: Session, desk: Desk, lease: Lease) -> list[Question]:
        """As many of those that are due as the budget has room for; where none is, nothing is
        written.
        """
        if not polls.count_due(session, desk.account_id, lease.now, 1):
            return []
        room = reserve(session, desk.account_id, desk.pace, BATCH * _CALLS, lease.now)
        if not room:
            return []
        most = max(1, int(room / _CALLS))
        fax_ids = polls.claim_due(session, desk.account_id, lease, most)
        ids = polls.list_ids(session, polls.list_rows(session, fax_ids))
        room_of_each = room / max(1, len(fax_ids))
        if not fax_ids:
            give_back(session, desk.account_id, room)
        return [Question(fax_id, ids[fax_id], room_of_each) for fax_id in fax_ids]

    def _release(self, session: Session, desk: Desk, left: Sequence[Question]) -> None:
        polls.release(session, [question.fax_id for question in left], self.id)
        give_back(session, desk.account_id, sum(question.reserved for question in left))

    def _end_overdue(self, desk: Desk, stopping: Event) -> int:
        """Faxes that nobody can ask about in time are given up in time all the same; where one
        could, there is a little more of it to ask.
        """
        lease, ended = self._lease(), 0
        before = lease.now - desk.terms.limit - (_GRACE if desk.terms.askable else timedelta())

        def claim(session: Session) -> list[UUID]:
            return polls.claim_overdue(session, desk.account_id, lease, before, BATCH)

        while not stopping.is_set() and (found := self._database.write(claim)):
            for fax_id in found:
                self._commit(lambda s, f=fax_id: end_overdue(s, desk, f, self.id, self._clock()))  # type: ignore[misc]
            ended += len(found)
        return ended

    def _commit(self, work: Callable[[Session], None]) -> None:
        self._database.write(work)

    def _lease(self) -> Lease:
        now = self._clock()
        return Lease(self.id, now, now + self._habits.lease)
