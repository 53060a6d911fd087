"""Spans of time in UTC that faxes are counted by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session


class Bucket(StrEnum):
    """How long a span is; a week begins on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_WRITTEN: Final = {
    Bucket.HOUR: (13, "\\:00\\:00.000000"),
    Bucket.DAY: (10, " 00\\:00\\:00.000000"),
    Bucket.MONTH: (7, "-01 00\\:00\\:00.000000"),
}
"""How much of a time as SQLite keeps it names the span, and what follows at its beginning.

Colons are escaped, or SQLAlchemy would take them for parameters.
"""


def bucket_of(session: Session, column: str, bucket: Bucket) -> str:
    """The beginning of the span that a column's moment falls into, in SQL."""
    if session.get_bind().dialect.name != "sqlite":
        return f"date_trunc('{bucket}', {column}, 'UTC')"
    if bucket is Bucket.WEEK:
        # From any day to the Sunday that ends its week, and back to the Monday before.
        return f"strftime('%Y-%m-%d 00\\:00\\:00.000000', {column}, 'weekday 0', '-6 days')"
    length, end = _WRITTEN[bucket]
    return f"substr({column}, 1, {length}) || '{end}'"


def list_buckets(start: datetime, end: datetime, bucket: Bucket) -> Iterator[datetime]:
    """The beginnings of all spans from `start`, which the first one holds, to before `end`."""
    begun = bucket_start(start, bucket)
    while begun < end:
        yield begun
        begun = _next(begun, bucket)


def bucket_start(moment: datetime, bucket: Bucket) -> datetime:
    """The beginning of the span that a moment falls into."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    return {
        Bucket.HOUR: hour,
        Bucket.DAY: day,
        Bucket.WEEK: day - timedelta(days=day.weekday()),
        Bucket.MONTH: day.replace(day=1),
    }[bucket]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a window: whole spans of a length, or less than an hour where there is none."""

    span: Bucket | None
    start: datetime
    end: datetime


def cut(start: datetime, end: datetime, longest: Bucket | None) -> Iterator[Piece]:
    """A window in pieces, in order, of spans that are as long as they can be.

    A piece whose spans are shorter than `longest` lies within one span of that length. Weeks
    and months do not fit into each other, so a window is cut into one or the other.
    """
    if longest is None:
        if start < end:
            yield Piece(None, start, end)
        return
    shorter = _SHORTER[longest]
    first, last = _ceiling(start, longest), bucket_start(end, longest)
    if first > last:
        yield from cut(start, end, shorter)
        return
    yield from cut(start, first, shorter)
    if first < last:
        yield Piece(longest, first, last)
    yield from cut(last, end, shorter)


_SHORTER: Final = {
    Bucket.HOUR: None,
    Bucket.DAY: Bucket.HOUR,
    Bucket.WEEK: Bucket.DAY,
    Bucket.MONTH: Bucket.DAY,
}


def _ceiling(moment: datetime, bucket: Bucket) -> datetime:
    begun = bucket_start(moment, bucket)
    return begun if begun == moment else _next(begun, bucket)


def _next(begun: datetime, bucket: Bucket) -> datetime:
    if bucket is Bucket.MONTH:
        return (begun + timedelta(days=31)).replace(day=1)
    return begun + timedelta(**{f"{bucket.value}s": 1})
