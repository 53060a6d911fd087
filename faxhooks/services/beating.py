"""The worker's heartbeat: that it lives, and what is to be made up for when none did."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Event
from typing import Final

import structlog
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import askings, heartbeats, polls
from faxhooks.db.engine import Database
from faxhooks.services.desks import Clock, utc_now

log = structlog.get_logger()

BEAT_SECONDS: Final = 10.0
GAP: Final = timedelta(seconds=30)
"""Without a heartbeat for so long we were out of order, or our database was: callbacks may have
been refused meanwhile, so every account is asked what happened since.
"""

BEFORE: Final = timedelta(minutes=5)
"""What came so long before the gap may have been refused as well."""


class Heart:
    """One worker's; `run` beats once."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._id = uuid7()
        self._database = database
        self._clock = clock
        self._started_at = clock()

    def run(self, _: Event) -> Mapping[str, int]:
        """Say that this worker lives; 1 where all accounts are to be asked anew."""
        return {"outages": self._database.write(self._beat)}

    def stop(self) -> None:
        """Say that this worker ended in good order."""
        self._database.write(lambda session: heartbeats.stop(session, self._id, self._clock()))

    def _beat(self, session: Session) -> int:
        now = self._clock()
        before = heartbeats.beat(session, self._id, self._started_at, now)
        if before is None or now - before <= GAP:
            return 0
        self._make_up(session, before, now)
        return 1

    def _make_up(self, session: Session, since: datetime, now: datetime) -> None:
        log.warning("nobody_worked", seconds=round((now - since).total_seconds()))
        askings.sweep_all(session, now, since - BEFORE)
        polls.hasten(session, now)
