"""What the person who answers for the faxes must know today; asked with the API's own queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.accounts import list_accounts
from faxhooks.db.arrivals import list_last_arrivals
from faxhooks.db.askings import list_askings
from faxhooks.db.buckets import Bucket, list_buckets
from faxhooks.db.callbacklists import CallbackFilter, ReasonTally, tally_reasons
from faxhooks.db.callbackmeters import measure_callbacks
from faxhooks.db.faxlists import FaxFilter, Sort, list_page
from faxhooks.db.pollmodels import AskingRow
from faxhooks.db.statistics import Grouping, Window, count_faxes
from faxhooks.domain.fax import Direction, Flag, Outcome, Verdict
from faxhooks.domain.reasons import REASONS, UNKNOWN, Retry
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.askingfigures import LATELY
from faxhooks.services.shapes import Shape, present
from faxhooks.services.statistics import ask_statistics, success_rate

OPEN_TOO_LONG: Final = timedelta(hours=1)
"""Faxes take minutes; what is open for longer has most likely lost its last callback."""
LOOK_BACK: Final = timedelta(days=7)
"""How far back an account's last callback and last failure are looked for."""
WEEKS_BEFORE: Final = 4
SHOWN: Final = 5
"""Objects of a kind that are named; beyond them it says that there are more."""

_PERSONS: Final = (Retry.ASK, Retry.AFTER_FIX, Retry.NEVER)
_WHOLE: Final = Shape()


class Span(StrEnum):
    """How far back the figures go."""

    DAY = "day"
    WEEK = "week"


_BUCKETS: Final = {Span.DAY: (Bucket.HOUR, 24), Span.WEEK: (Bucket.DAY, 7)}


@dataclass(frozen=True, slots=True)
class Failures:
    """Faxes that failed for one reason; `person` says that waiting will not mend it."""

    reason: str
    faxes: int
    person: bool


@dataclass(frozen=True, slots=True)
class Some:
    """The first few of a kind, and whether there are more."""

    shown: Sequence[Mapping[str, Any]]
    more: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an account's provider gives no answers just now, and whether it is the credentials."""

    said: str
    at: datetime
    refused: bool


@dataclass(frozen=True, slots=True)
class AccountPulse:
    """How an account is doing; times and faxes are those of the last week, None if none.

    Of the `ended` faxes of the last day, callbacks were too late or `lost` for those whose end
    the provider told when it was asked; `trouble` says that it tells nothing at present.
    """

    id: UUID
    label: str
    provider: str
    disabled: bool
    last_callback_at: datetime | None
    last_failure: Mapping[str, Any] | None
    has_hook: bool
    ended: int
    lost: int
    trouble: Trouble | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Today, or the week, at a glance. Counts are by outcome; `received` are inbound."""

    start: datetime
    end: datetime
    bucket: Bucket
    buckets: Sequence[Mapping[str, Any]]
    sent: Mapping[str, int]
    received: Mapping[str, int]
    success_rate: float | None
    usual_rate: float | None
    time_to_final: Mapping[str, float] | None
    failures: Sequence[Failures]
    open_too_long: Some
    conflicts: Some
    unread: Sequence[ReasonTally]
    accounts: Sequence[AccountPulse]


def ask_overview(
    session: Session, span: Span, now: datetime, *, visible: Collection[UUID] | None
) -> Overview:
    """All of it, for whoever sees these accounts; None is all."""
    bucket, count = _BUCKETS[span]
    start = next(list_buckets(now - _length(bucket) * (count - 1), now, bucket))
    window = Window(start=start, end=now, visible=visible)
    counted = ask_statistics(session, window, bucket=bucket, groupings=())
    inbound = Window(start=start, end=now, directions=(Direction.INBOUND,), visible=visible)
    received = _total(session, inbound)["by_outcome"]
    total = counted.total["by_outcome"]
    return Overview(
        start=start,
        end=now,
        bucket=bucket,
        buckets=counted.rows,
        sent={outcome: total[outcome] - received[outcome] for outcome in total},
        received=received,
        success_rate=counted.total["success_rate"],
        usual_rate=_usual_rate(session, window),
        time_to_final=counted.total["time_to_final"],
        failures=_failures(session, window),
        open_too_long=_faxes(
            session,
            FaxFilter(
                outcomes=(Outcome.PENDING,), created_before=now - OPEN_TOO_LONG, visible=visible
            ),
        ),
        conflicts=_faxes(session, FaxFilter(flags=(Flag.CONFLICT,), visible=visible)),
        unread=_unread(session, visible),
        accounts=_accounts(session, now, visible),
    )


def _length(bucket: Bucket) -> timedelta:
    return timedelta(hours=1) if bucket is Bucket.HOUR else timedelta(days=1)


def _total(session: Session, window: Window) -> Mapping[str, Any]:
    return ask_statistics(session, window, bucket=None, groupings=(), timed=False).total


def _usual_rate(session: Session, window: Window) -> float | None:
    """The same hours of the same weekdays, in each of the weeks before, taken together."""
    together = {outcome.value: 0 for outcome in Outcome}
    for week in range(1, WEEKS_BEFORE + 1):
        back = timedelta(weeks=week)
        before = Window(start=window.start - back, end=window.end - back, visible=window.visible)
        for outcome, faxes in _total(session, before)["by_outcome"].items():
            together[outcome] += faxes
    return success_rate(together)


def _failures(session: Session, window: Window) -> list[Failures]:
    """Those that need a person first, and of these the most frequent."""
    faxes: dict[str, int] = {}
    for row in count_faxes(session, window, bucket=None, groupings=(Grouping.REASON,)):
        code = row.reason if row.reason in REASONS else UNKNOWN
        faxes[code] = faxes.get(code, 0) + row.failure
    found = [
        Failures(code, count, REASONS[code].retry in _PERSONS)
        for code, count in faxes.items()
        if count
    ]
    return sorted(found, key=lambda each: (not each.person, -each.faxes, each.reason))


def _faxes(session: Session, wanted: FaxFilter) -> Some:
    """The newest: those a person still remembers."""
    found, following = list_page(session, wanted, limit=SHOWN, sort=Sort.NEWEST)
    return Some(present(session, found, _WHOLE), following is not None)


def _unread(session: Session, visible: Collection[UUID] | None) -> Sequence[ReasonTally]:
    wanted = CallbackFilter(verdicts=(Verdict.UNRECOGNIZED,), visible=visible)
    return tally_reasons(session, wanted, limit=SHOWN)


def _accounts(
    session: Session, now: datetime, visible: Collection[UUID] | None
) -> list[AccountPulse]:
    rows = [row for row in list_accounts(session) if visible is None or row.id in visible]
    arrivals = list_last_arrivals(session, now - LOOK_BACK, [row.id for row in rows])
    lately = Window(start=now - LATELY, end=now, visible=visible)
    meters = {meter.account_id: meter for meter in measure_callbacks(session, lately)}
    askings, found = list_askings(session), []
    for row in rows:
        provider, meter = PROVIDERS.get(row.provider), meters.get(row.id)
        found.append(
            AccountPulse(
                row.id,
                row.label,
                row.provider,
                row.disabled_at is not None,
                arrivals.get(row.id),
                _last_failure(session, row.id, now - LOOK_BACK),
                provider is not None and provider.has_hook,
                meter.finals if meter else 0,
                meter.by_asking if meter else 0,
                _trouble(askings.get(row.id)),
            )
        )
    return found


def _trouble(asking: AskingRow | None) -> Trouble | None:
    if asking is None or not asking.failures or asking.error is None or asking.error_at is None:
        return None
    return Trouble(asking.error, asking.error_at, asking.refused_at is not None)


def _last_failure(session: Session, account_id: UUID, since: datetime) -> Mapping[str, Any] | None:
    failed = FaxFilter(outcomes=(Outcome.FAILURE,), created_after=since, visible=(account_id,))
    last, _ = list_page(session, failed, limit=1)
    shown = present(session, last, _WHOLE)
    return shown[0] if shown else None
