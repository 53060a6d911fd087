"""Refused requests: counted for all processes together, off the way in.

What is refused is not kept, but for one thing: of an account that is being set up the last
refusal is looked into, so that a person is told what is wrong with it.
"""

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from faxhooks.db import refusals
from faxhooks.db.engine import Database
from faxhooks.db.models_refusals import NOBODY
from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnavailableError
from faxhooks.services import meters
from faxhooks.services.diagnosing import diagnose
from faxhooks.services.directory import Directory, Entrance

log = structlog.get_logger()

WRITE_SECONDS: Final = 2.0
"""Between two writes of a process, however many it refuses; one that is killed loses these."""
KEEP_COUNTS: Final = timedelta(days=90)
KEEP_FACTS: Final = timedelta(hours=1)
_MOST_ACCOUNTS: Final = 20
"""Accounts whose last refusal a process holds between two writes; of more, not all are told."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was refused, held in memory until it has been looked into."""

    entrance: Entrance
    callback: Callback
    cause: str


class Refusals:
    """Counts in memory, and writes from a thread of its own that runs only while there is
    something to write. Taking a callback costs nothing here.
    """

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory
        self._lock = threading.Lock()
        self._counts: Counter[refusals.Place] = Counter()
        self._last: dict[UUID, Refusal] = {}
        self._timer: threading.Timer | None = None
        self._writing = threading.Lock()
        event.listen(database.engine, "engine_disposed", lambda _: self.stop())

    def count(self, cause: str, account_id: UUID = NOBODY) -> None:
        """A request was refused for this cause."""
        meters.refused(cause)
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        with self._lock:
            self._counts[hour, account_id, cause] += 1
            self._write_later()

    def note(self, entrance: Entrance, callback: Callback, cause: str) -> None:
        """The same of an account's hook, which somebody may be setting up."""
        account_id = entrance.account.id
        with self._lock:
            if account_id in self._last or len(self._last) < _MOST_ACCOUNTS:
                self._last[account_id] = Refusal(entrance, callback, cause)
        self.count(cause, account_id)

    def write(self) -> None:
        """Write down what has gathered; what the database does not take now stays for later."""
        with self._writing:
            counts, last = self._take()
            if not counts:
                return
            try:
                self._write(counts, last)
            except UnavailableError:
                log.warning("refusals_not_counted_yet", causes=len(counts))
                with self._lock:
                    self._counts += counts
                    self._write_later()

    def stop(self) -> None:
        """Write no more, once the database is let go of."""
        self._take()
        with self._writing:  # One that has begun has ended after this.
            return

    def _take(self) -> tuple[Counter[refusals.Place], dict[UUID, Refusal]]:
        """What has gathered; the next refusal begins anew."""
        with self._lock:
            counts, last, timer = self._counts, self._last, self._timer
            self._counts, self._last, self._timer = Counter(), {}, None
        if timer is not None:
            timer.cancel()
        return counts, last

    def _write(self, counts: Counter[refusals.Place], last: dict[UUID, Refusal]) -> None:
        watched = self._database.read(lambda session: _watched(session, last), WRITE_SECONDS)
        facts = {each.entrance.account.id: self._facts(each) for each in watched}
        self._database.write(lambda session: _save(session, counts, facts))

    def _facts(self, refused: Refusal) -> tuple[datetime, dict[str, Any]]:
        """Counts must not be lost for a request that is too strange to be looked into."""
        try:
            others = self._directory.list_of(refused.entrance.provider.name)
            found = diagnose(refused.callback, refused.entrance, others, refused.cause)
        except Exception:
            log.exception("refusal_not_explained", account_id=str(refused.entrance.account.id))
            found = {}
        return refused.callback.received_at, found

    def _write_later(self) -> None:
        """With the lock held."""
        if self._timer is None:
            self._timer = threading.Timer(WRITE_SECONDS, self.write)
            self._timer.daemon = True
            self._timer.start()


def is_watched(session: Session, account_id: UUID, now: datetime) -> bool:
    """Whether an account is being set up: nothing authentic ever came, or somebody watches."""
    setup = refusals.find_setup(session, account_id)
    if setup is not None and setup.watched_until is not None and setup.watched_until > now:
        return True
    return not refusals.has_called(session, account_id)


def _watched(session: Session, last: dict[UUID, Refusal]) -> list[Refusal]:
    now = datetime.now(UTC)
    return [each for account_id, each in last.items() if is_watched(session, account_id, now)]


def _save(
    session: Session,
    counts: Counter[refusals.Place],
    facts: dict[UUID, tuple[datetime, dict[str, Any]]],
) -> None:
    now = datetime.now(UTC)
    refusals.forget_refusals(session, counts=now - KEEP_COUNTS, facts=now - KEEP_FACTS)
    refusals.add_refusals(session, counts)
    for account_id in sorted(facts):
        refused_at, found = facts[account_id]
        refusals.save_setup(session, account_id, refused_at=refused_at, facts=found)
