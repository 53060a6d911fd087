"""Counts and rates over time, with nothing left out where nothing happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.accounts import list_accounts
from faxhooks.db.buckets import Bucket, list_buckets
from faxhooks.db.statistics import PERCENTILES, Grouping, Window, count_faxes, time_faxes
from faxhooks.domain.errors import InvalidInputError
from faxhooks.domain.fax import Outcome

LONGEST: Final = {Bucket.HOUR: timedelta(days=400)}
LONGEST_ANY: Final = timedelta(days=4000)
"""How long a window may be, so that an answer has an end."""
MOST_ROWS: Final = 20_000

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of each bucket and group, and of all together."""

    rows: Sequence[Mapping[str, Any]]
    total: Mapping[str, Any]


def check_window(start: datetime, end: datetime, bucket: Bucket | None) -> None:
    """Raises InvalidInputError for a window that is empty or too long."""
    if start >= end:
        raise InvalidInputError("from", "`from` must be before `to`")
    longest = LONGEST_ANY if bucket is None else LONGEST.get(bucket, LONGEST_ANY)
    if end - start > longest:
        what = f"with bucket={bucket} " if bucket else ""
        raise InvalidInputError("from", f"the window {what}may be {longest.days} days long at most")


def ask_statistics(
    session: Session,
    window: Window,
    *,
    bucket: Bucket | None,
    groupings: Sequence[Grouping],
    timed: bool = True,
) -> Statistics:
    """What happened in the window, grouped; every group has a row for every bucket.

    Without `timed` it does not tell how long faxes took, and takes less long itself. Raises
    InvalidInputError when that would be too many rows.
    """
    check_window(window.start, window.end, bucket)
    (total,) = _ask(session, window, None, (), timed=timed).values()
    if bucket is None and not groupings:
        return Statistics([total], total)
    counted = _ask(session, window, bucket, groupings, timed=timed)
    names = [grouping.value for grouping in groupings]
    labels = _labels(session) if Grouping.ACCOUNT in groupings else {}
    rows = [
        {**_named(key, bucket, names, labels), **counted.get(key, _NOTHING)}
        for key in _all_keys(counted, window, bucket, grouped=bool(groupings))
    ]
    return Statistics(rows, total)


def _ask(
    session: Session,
    window: Window,
    bucket: Bucket | None,
    groupings: Sequence[Grouping],
    *,
    timed: bool,
) -> dict[Key, dict[str, Any]]:
    """What is known of each bucket and group that has faxes."""
    counted = count_faxes(session, window, bucket=bucket, groupings=groupings)
    times = time_faxes(session, window, bucket=bucket, groupings=groupings) if timed else ()
    took = {_key(row, bucket, groupings): _times(row) for row in times}
    keys = [_key(row, bucket, groupings) for row in counted]
    return {key: _counts(row, took.get(key)) for key, row in zip(keys, counted, strict=True)}


def _all_keys(
    counted: Mapping[Key, Any], window: Window, bucket: Bucket | None, *, grouped: bool
) -> list[Key]:
    """In order of time, then of the groups; a group without a name comes last."""
    groups = sorted({key[1:] for key in counted}, key=_order) if grouped else [()]
    if bucket is None:
        return [(None, *group) for group in groups]
    begun = list(list_buckets(window.start, window.end, bucket))
    if len(begun) * len(groups) > MOST_ROWS:
        raise InvalidInputError(
            "bucket",
            f"these would be more than {MOST_ROWS} rows; choose a longer bucket, a shorter window "
            "or fewer groups",
        )
    return [(moment, *group) for moment in begun for group in groups]


def _key(row: Any, bucket: Bucket | None, groupings: Sequence[Grouping]) -> Key:
    return (row.bucket if bucket else None, *(getattr(row, each) for each in groupings))


def _order(group: Key) -> list[tuple[bool, str]]:
    return [(value is None, str(value)) for value in group]


def _named(
    key: Key, bucket: Bucket | None, names: Sequence[str], labels: Mapping[UUID, str]
) -> dict[str, Any]:
    named = dict(zip(names, key[1:], strict=True))
    if "account" in named:
        named["account"] = {"id": named["account"], "label": labels.get(named["account"])}
    if named.get("destination"):
        named["destination"] = f"+{named['destination']}"
    return {"bucket": key[0], **named} if bucket else named


def _labels(session: Session) -> dict[UUID, str]:
    return {row.id: row.label for row in list_accounts(session)}


def _times(row: Any) -> dict[str, float] | None:
    times = {f"p{percent}": getattr(row, f"p{percent}") for percent in PERCENTILES}
    return None if times["p50"] is None else times


def _counts(row: Any, times: Mapping[str, float] | None) -> dict[str, Any]:
    outcomes = {outcome.value: getattr(row, outcome) for outcome in Outcome}
    return {
        "faxes": row.faxes,
        "by_outcome": outcomes,
        "success_rate": success_rate(outcomes),
        "pages": row.pages,
        "time_to_final": times,
    }


def success_rate(outcomes: Mapping[str, int]) -> float | None:
    """The part of the faxes with an answer that arrived; None while there is none."""
    success, failure = outcomes[Outcome.SUCCESS], outcomes[Outcome.FAILURE]
    return round(success / (success + failure), 4) if success + failure else None


_NOTHING: Final = {
    "faxes": 0,
    "by_outcome": {outcome.value: 0 for outcome in Outcome},
    "success_rate": None,
    "pages": 0,
    "time_to_final": None,
}
