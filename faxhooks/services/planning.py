"""When a fax is asked about next: a function of where it stands and when it was last asked.

Callbacks are hints and the provider's API is the truth, so whatever is not settled is asked
for, the less often the longer it lasts. Nothing here reads a clock or a database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from faxhooks.domain.fax import Evidence, FaxStatus, Outcome

_FIRST: Final = (2, 5, 10, 20, 40)
_HOURLY: Final = tuple(range(100, 24 * 60, 60))
_DAILY: Final = tuple(24 * 60 * day for day in range(1, 8))
OPEN_STEPS: Final = (*_FIRST, *_HOURLY, *_DAILY)
"""Minutes of age at which a fax without an end is asked about; after a week nobody asks."""

FINAL_STEPS: Final = (0, *_FIRST, *_HOURLY)
"""The same for an end that is not sure: at once, and for a day."""

PRICE_STEPS: Final = (5, 60)
"""The same for an end without a price, of which no callback tells."""

JITTER: Final = 0.1
"""By so much of its age at most a fax is asked later, each by its own part of it."""

LONGEST_BACKOFF: Final = timedelta(hours=1)
FIRST_BACKOFF: Final = timedelta(seconds=30)
_TOO_LATE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a fax decides when it is asked about; `asks_at` is when an event said that only
    the provider can settle it. One that was put off counts as created when it is to be sent.
    """

    id: UUID
    status: FaxStatus
    evidence: Evidence
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    asks_at: datetime | None
    priced: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """Whether an account can be asked, and how long a fax of it may take."""

    askable: bool
    limit: timedelta


@dataclass(frozen=True, slots=True)
class Asked:
    """When a fax was last asked about, and how often in vain since the last answer."""

    at: datetime | None = None
    failures: int = 0


def next_due(fax: Standing, asked: Asked, terms: Terms, now: datetime) -> datetime | None:
    """When to ask next, perhaps in the past; None when nothing more is to be asked."""
    times = [time_limit(fax, terms)]
    if terms.askable:
        times.append(_next_question(fax, asked, now))
    return min((time for time in times if time is not None), default=None)


def time_limit(fax: Standing, terms: Terms) -> datetime | None:
    """When a fax that is on its way has taken too long; None for one that is not."""
    return fax.created_at + terms.limit if fax.status.outcome is Outcome.PENDING else None


def _next_question(fax: Standing, asked: Asked, now: datetime) -> datetime | None:
    if asked.failures and asked.at is not None:
        wait = FIRST_BACKOFF.total_seconds() * 2.0 ** min(asked.failures - 1, 10)
        return asked.at + min(timedelta(seconds=wait), LONGEST_BACKOFF)
    if fax.asks_at is not None and (asked.at is None or asked.at < fax.asks_at):
        return fax.asks_at
    if not fax.status.is_final:
        return _step(fax, OPEN_STEPS, fax.created_at, asked.at)
    ended = min(fax.finished_at or fax.updated_at, fax.updated_at)
    if now - ended > _TOO_LATE:
        return None
    if fax.asks_at is not None or fax.evidence is Evidence.UNSIGNED:
        return _step(fax, FINAL_STEPS, fax.updated_at, asked.at)
    return None if fax.priced else _step(fax, PRICE_STEPS, ended, asked.at)


def _step(
    fax: Standing, minutes: Sequence[int], start: datetime, asked_at: datetime | None
) -> datetime | None:
    """The first of these ages that came after the last question."""
    slower = 1 + JITTER * (fax.id.int % 997) / 997
    moments = (start + timedelta(minutes=each * slower) for each in minutes)
    return next((each for each in moments if asked_at is None or each > asked_at), None)
