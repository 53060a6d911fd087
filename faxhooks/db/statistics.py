"""Faxes in numbers: counted, grouped and timed by one statement over a window of time.

What it costs grows with the faxes in the window, not with those there ever were: the window
is a range of the index on `created_at`. Percentiles are those of SQL's `percentile_disc`, the
least value that as large a part of all values does not exceed, worked out with whole numbers
so that both databases, one of which has no such function, come to the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Select,
    Text,
    case,
    cast,
    func,
    null,
    select,
)
from sqlalchemy.orm import Session

from faxhooks.db.buckets import Bucket, bucket_key
from faxhooks.db.destinations import calling_code
from faxhooks.db.faxfilters import FaxFilter, conditions
from faxhooks.db.models import FaxRow
from faxhooks.domain.fax import Outcome

PERCENTILES: Final = (50, 95, 99)


class Grouping(StrEnum):
    """What faxes may be told apart by."""

    PROVIDER = "provider"
    ACCOUNT = "account"
    STATUS = "status"
    REASON = "reason"
    DESTINATION = "destination"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which faxes are counted: those first heard of from `start` on and before `end`."""

    start: datetime
    end: datetime
    accounts: Collection[str] = ()
    providers: Collection[str] = ()
    directions: Collection[str] = ()
    visible: Collection[UUID] | None = None


def count_faxes(
    session: Session,
    window: Window,
    *,
    bucket: Bucket | None,
    groupings: Sequence[Grouping],
    timed: bool = True,
) -> Sequence[Any]:
    """A row for each bucket and group that has faxes; without either, one row of all.

    Each has `bucket` and the groupings as columns, `faxes`, a count for each outcome, `pages`
    and `p50`, `p95`, `p99` in seconds, None where no fax is timed. Without `timed` all are None,
    which saves the sorting that most of the work is.
    """
    keys: dict[str, Any] = {grouping.value: _KEYS[grouping]() for grouping in groupings}
    if bucket is not None:
        keys["bucket"] = bucket_key(session, FaxRow.created_at, bucket)
    faxes = _ranked(session, window, keys) if timed else _faxes(session, window, keys).subquery()
    columns = [faxes.c[name] for name in keys]
    nothing = cast(null(), Double)
    return session.execute(
        select(
            *columns,
            func.count().label("faxes"),
            *(_sum(faxes.c.outcome == outcome).label(outcome) for outcome in Outcome),
            cast(func.coalesce(func.sum(faxes.c.pages), 0), BigInteger).label("pages"),
            *(
                (_percentile(faxes, percent) if timed else nothing).label(f"p{percent}")
                for percent in PERCENTILES
            ),
        ).group_by(*columns)
    ).all()


def _ranked(session: Session, window: Window, keys: dict[str, Any]) -> Any:
    """The faxes of the window, each with its place among the times of its group."""
    faxes = _faxes(session, window, keys).subquery()
    groups: Any = [faxes.c[name] for name in keys] or None
    seconds = faxes.c.seconds_to_final
    place = func.row_number().over(partition_by=groups, order_by=[seconds.is_(None), seconds])
    timed = func.count(seconds).over(partition_by=groups)
    return select(faxes, place.label("place"), timed.label("timed")).subquery()


def _faxes(session: Session, window: Window, keys: dict[str, Any]) -> Select[Any]:
    wanted = FaxFilter(
        accounts=window.accounts,
        providers=window.providers,
        directions=window.directions,
        created_after=window.start,
        created_before=window.end,
        visible=window.visible,
    )
    return select(
        FaxRow.outcome,
        FaxRow.pages,
        FaxRow.seconds_to_final,
        *(expression.label(name) for name, expression in keys.items()),
    ).where(FaxRow.merged_into.is_(None), *conditions(session, wanted))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _percentile(ranked: Any, percent: int) -> ColumnElement[float]:
    """The one at the place that is this part of the count, rounded up."""
    place = (ranked.c.timed * percent + 99) // 100
    return func.max(case((ranked.c.place == place, ranked.c.seconds_to_final)))


def _destination() -> ColumnElement[Any]:
    """Where a fax went; what we received went to ourselves."""
    code = calling_code(FaxRow.recipient)
    return case((FaxRow.direction == "inbound", cast(null(), Text)), else_=code)


_KEYS: Final = {
    Grouping.PROVIDER: lambda: FaxRow.provider,
    Grouping.ACCOUNT: lambda: FaxRow.account_id,
    Grouping.STATUS: lambda: FaxRow.status,
    Grouping.REASON: lambda: FaxRow.reason,
    Grouping.DESTINATION: _destination,
}
