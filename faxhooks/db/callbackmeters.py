"""How callbacks come, for each account: which ends they told, and how long after the fact.

An end is counted by what told of it first: where that was the provider's answer, the callback
was lost or was slower than asking. Percentiles are worked out as in `statistics`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Double, case, func, select, type_coerce
from sqlalchemy.orm import Session

from faxhooks.db.faxfilters import FaxFilter, conditions
from faxhooks.db.models import EventRow, FaxRow
from faxhooks.db.statistics import Window
from faxhooks.domain.fax import FaxStatus, Source

PERCENTILES: Final = (50, 95)
_FINALS: Final = [status for status in FaxStatus if status.is_final]


@dataclass(frozen=True, slots=True)
class CallbackMeter:
    """Of the faxes of an account that ended: by what they were first known to have, and after
    how many seconds callbacks told it; None where none of them names its time.
    """

    account_id: UUID
    provider: str
    finals: int
    by_callback: int
    by_asking: int
    p50: float | None
    p95: float | None


def measure_callbacks(session: Session, window: Window) -> Sequence[CallbackMeter]:
    """The meter of each account that has faxes with an end in the window."""
    ranked = _ranked(session, window)
    told = {source: _count(ranked.c.source == source) for source in (Source.CALLBACK, Source.POLL)}
    rows = session.execute(
        select(
            ranked.c.account_id,
            ranked.c.provider,
            func.count(),
            told[Source.CALLBACK],
            told[Source.POLL],
            *(_percentile(ranked, percent) for percent in PERCENTILES),
        )
        .group_by(ranked.c.account_id, ranked.c.provider)
        .order_by(ranked.c.account_id)
    )
    return [CallbackMeter(*row) for row in rows]


def _ranked(session: Session, window: Window) -> Any:
    """The first end of each fax, with its place among those that callbacks told of in time."""
    ends = _ends(session, window).subquery()
    by_callback = ends.c.source == Source.CALLBACK
    late = case((by_callback, ends.c.late)).label("late")
    firsts = select(ends.c.account_id, ends.c.provider, ends.c.source, late)
    first = firsts.where(ends.c.number == 1).subquery()
    order = [first.c.late.is_(None), first.c.late]
    place = func.row_number().over(partition_by=first.c.account_id, order_by=order)
    timed = func.count(first.c.late).over(partition_by=first.c.account_id)
    return select(first, place.label("place"), timed.label("timed")).subquery()


def _ends(session: Session, window: Window) -> Any:
    wanted = FaxFilter(
        accounts=window.accounts,
        providers=window.providers,
        directions=window.directions,
        created_after=window.start,
        created_before=window.end,
        visible=window.visible,
    )
    number = func.row_number().over(partition_by=EventRow.fax_id, order_by=EventRow.seq)
    return (
        select(
            FaxRow.account_id,
            FaxRow.provider,
            EventRow.source,
            _seconds(session).label("late"),
            number.label("number"),
        )
        .join(FaxRow, FaxRow.id == EventRow.fax_id)
        .where(FaxRow.merged_into.is_(None), EventRow.status.in_(_FINALS))
        .where(*conditions(session, wanted))
    )


def _seconds(session: Session) -> ColumnElement[float]:
    """From the provider's time to the arrival; none is early but by a clock that is wrong."""
    came, was = EventRow.received_at, EventRow.occurred_at
    if session.get_bind().dialect.name == "sqlite":
        days = func.julianday(came) - func.julianday(was)
        return type_coerce(func.max(func.round(days * 86400, 3), 0), Double)
    passed = func.extract("epoch", came - was)
    return type_coerce(func.greatest(passed, 0), Double)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _percentile(ranked: Any, percent: int) -> ColumnElement[float]:
    place = (ranked.c.timed * percent + 99) // 100
    return func.max(case((ranked.c.place == place, ranked.c.late)))
