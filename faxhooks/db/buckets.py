"""Spans of time in UTC that faxes are counted by."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, func
from sqlalchemy.orm import InstrumentedAttribute, Session


class Bucket(StrEnum):
    """How long a span is; a week begins on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_KEYS: Final = {
    Bucket.HOUR: ("YYYY-MM-DD HH24", 13, "%Y-%m-%d %H"),
    Bucket.DAY: ("YYYY-MM-DD", 10, "%Y-%m-%d"),
    Bucket.WEEK: ("YYYY-MM-DD", 10, "%Y-%m-%d"),
    Bucket.MONTH: ("YYYY-MM", 7, "%Y-%m"),
}
"""How a span's beginning is written: PostgreSQL's word, its length, Python's word."""


def bucket_key(
    session: Session, moment: InstrumentedAttribute[datetime], bucket: Bucket
) -> ColumnElement[str]:
    """The beginning of the span that a moment falls into, as text; `bucket_start` reads it.

    SQLite keeps times as text, so its key is simply cut out of that.
    """
    written, length, _ = _KEYS[bucket]
    if session.get_bind().dialect.name == "sqlite":
        key: ColumnElement[str] = func.substr(moment, 1, length, type_=Text)
        # From any day to the Sunday that ends its week, and back to the Monday before.
        return func.date(key, "weekday 0", "-6 days") if bucket is Bucket.WEEK else key
    begun: Any = func.date_trunc(bucket.value, func.timezone("UTC", moment))
    return func.to_char(begun, written, type_=Text)


def bucket_start(key: str, bucket: Bucket) -> datetime:
    """The beginning of a span, from its key."""
    return datetime.strptime(key, _KEYS[bucket][2]).replace(tzinfo=UTC)


def list_buckets(start: datetime, end: datetime, bucket: Bucket) -> Iterator[datetime]:
    """The beginnings of all spans from `start`, which the first one holds, to before `end`."""
    begun = _floor(start.astimezone(UTC), bucket)
    while begun < end:
        yield begun
        begun = _next(begun, bucket)


def _floor(moment: datetime, bucket: Bucket) -> datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    return {
        Bucket.HOUR: hour,
        Bucket.DAY: day,
        Bucket.WEEK: day - timedelta(days=day.weekday()),
        Bucket.MONTH: day.replace(day=1),
    }[bucket]


def _next(begun: datetime, bucket: Bucket) -> datetime:
    if bucket is Bucket.MONTH:
        return (begun + timedelta(days=31)).replace(day=1)
    return begun + timedelta(**{f"{bucket.value}s": 1})
