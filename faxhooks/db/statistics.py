"""Faxes in numbers: counted, grouped and timed over a window of time.

What it costs grows with the spans in the window, not with the faxes: a window is cut into
months, weeks, days and hours, whose sums are kept, and what is left of an hour at both ends,
where faxes are counted one by one. What was not yet added up is added here, by the same
statement, so that the answer is exact at any moment.

Times are known to five hundredths of themselves. Percentiles are those of SQL's
`percentile_disc`, the least value that as large a part of all values does not exceed.
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
    Integer,
    Select,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from faxhooks.db.buckets import Bucket, Piece, bucket_of, bucket_start, cut
from faxhooks.db.faxfilters import any_account
from faxhooks.db.rollupmodels import COUNTED, KIND, CountRow, DeltaRow, KindRow, TimeRow
from faxhooks.db.types import UtcDateTime
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
    session: Session, window: Window, *, bucket: Bucket | None, groupings: Sequence[Grouping]
) -> Sequence[Any]:
    """A row for each bucket and group that has faxes; without either, one row of all.

    Each has `bucket`, its beginning, and the groupings as columns, `faxes`, a count for each
    outcome, and `pages`.
    """
    asked = _Asked(session, window, bucket, groupings)
    found = asked.faxes(CountRow, "outcome", "pages")
    keys, faxes = asked.keys(found), func.coalesce(func.sum(found.c.faxes), 0)
    of_outcomes = (
        func.coalesce(func.sum(case((found.c.outcome == outcome, found.c.faxes))), 0)
        for outcome in Outcome
    )
    pages = cast(func.coalesce(func.sum(found.c.pages), 0), BigInteger)
    return session.execute(
        select(
            *keys,
            faxes.label("faxes"),
            *(count.label(outcome) for count, outcome in zip(of_outcomes, Outcome, strict=True)),
            pages.label("pages"),
        )
        .group_by(*keys)
        .having(faxes != 0 if keys else true())
    ).all()


def time_faxes(
    session: Session, window: Window, *, bucket: Bucket | None, groupings: Sequence[Grouping]
) -> Sequence[Any]:
    """How long faxes took, for the buckets and groups in which that is known of any.

    Each row has the columns that it is grouped by as in `count_faxes`, and `p50`, `p95`, `p99` in
    seconds; without any it is one row, of None where nothing is known.
    """
    asked = _Asked(session, window, bucket, groupings)
    found = asked.faxes(TimeRow, "tenths")
    keys, faxes = asked.keys(found), cast(func.sum(found.c.faxes), Integer)
    number = func.sum(faxes)
    times = (
        select(
            *keys,
            found.c.tenths,
            number.over(partition_by=keys or None, order_by=found.c.tenths).label("so_far"),
            number.over(partition_by=keys or None).label("all"),
        )
        .where(found.c.tenths.is_not(None))
        .group_by(*keys, found.c.tenths)
        .having(faxes != 0)
        .subquery()
    )
    keys = [times.c[key.name] for key in keys]
    return session.execute(
        select(*keys, *(_percentile(times, percent) for percent in PERCENTILES)).group_by(*keys)
    ).all()


def _percentile(times: Any, percent: int) -> ColumnElement[Any]:
    reached = times.c.so_far * 100 >= times.c.all * percent
    tenths = func.min(case((reached, times.c.tenths)))
    return (cast(tenths, Double) / 10).label(f"p{percent}")


class _Asked:
    """A window, and what its faxes are to be told apart by."""

    def __init__(
        self,
        session: Session,
        window: Window,
        bucket: Bucket | None,
        groupings: Sequence[Grouping],
    ) -> None:
        self._session = session
        self._window = window
        self._bucket = bucket
        self._groupings = groupings

    def keys(self, found: Any) -> list[ColumnElement[Any]]:
        """The columns to group by; NULL where a fax has no such word."""
        keys = [
            func.nullif(found.c[_WORDS[each]], "").label(each.value)
            if each in _MISSING
            else found.c[_WORDS[each]].label(each.value)
            for each in self._groupings
        ]
        return keys if self._bucket is None else [found.c.bucket, *keys]

    def faxes(self, sums: type[CountRow | TimeRow], *names: str) -> Any:
        """How many `faxes` there are of each kind and bucket, in any number of rows that add
        up; with these columns.
        """
        window, words = self._window, {_WORDS[each] for each in self._groupings}
        names = (*sorted({"account_id", "direction", *words, *names}), "faxes")
        pieces = list(cut(window.start, window.end, self._bucket or Bucket.MONTH))
        parts = [self._part(piece, sums, names) for piece in pieces]
        whole = [piece for piece in pieces if piece.span]
        if whole:
            parts.append(self._noted(whole[0].start, whole[-1].end, names))
        found = union_all(*parts).subquery()
        wanted = [any_account(self._session, found.c.account_id, window)]
        if window.directions:
            wanted.append(found.c.direction.in_(window.directions))
        conditions = [condition for condition in wanted if condition is not None]
        return select(found).where(*conditions).subquery() if conditions else found

    def _part(
        self, piece: Piece, sums: type[CountRow | TimeRow], names: Sequence[str]
    ) -> Select[Any]:
        begin: Any = literal(bucket_start(piece.start, self._bucket or Bucket.MONTH), UtcDateTime)
        if piece.span is None:
            found = self._select(begin, [_one(name) for name in names])
            return found.where(*_between(COUNTED.c.created_at, piece.start, piece.end))
        columns = [getattr(KindRow if name in KIND else sums, name) for name in names]
        found = self._select(sums.begin if piece.span is self._bucket else begin, columns)
        found = found.select_from(sums).join(KindRow, KindRow.id == sums.kind)
        return found.where(sums.span == piece.span, *_between(sums.begin, piece.start, piece.end))

    def _noted(self, start: datetime, end: datetime, names: Sequence[str]) -> Select[Any]:
        """What is not in the sums yet."""
        begin = bucket_of(self._session, DeltaRow.hour, self._bucket or Bucket.MONTH)
        found = self._select(begin, [getattr(DeltaRow, name) for name in names])
        return found.where(*_between(DeltaRow.hour, start, end))

    def _select(self, begin: Any, columns: Sequence[Any]) -> Select[Any]:
        return select(*columns) if self._bucket is None else select(begin.label("bucket"), *columns)


def _one(name: str) -> ColumnElement[Any]:
    """A fax by itself is one fax."""
    return literal(1).label(name) if name == "faxes" else COUNTED.c[name]


def _between(column: Any, start: datetime, end: datetime) -> tuple[Any, Any]:
    return column >= start, column < end


_WORDS: Final = {
    Grouping.PROVIDER: "provider",
    Grouping.ACCOUNT: "account_id",
    Grouping.STATUS: "status",
    Grouping.REASON: "reason",
    Grouping.DESTINATION: "destination",
}
_MISSING: Final = {Grouping.REASON, Grouping.DESTINATION}
