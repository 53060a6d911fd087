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

from sqlalchemy import BindParameter, Text, Uuid, bindparam, text
from sqlalchemy.orm import Session

from faxhooks.db.buckets import Bucket, Piece, bucket_of, bucket_start, cut
from faxhooks.db.faxfilters import account_ids
from faxhooks.db.rollupmodels import KIND
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
    of_outcomes = "".join(
        f"coalesce(sum(CASE WHEN outcome = '{outcome}' THEN faxes END), 0) AS \"{outcome}\", "
        for outcome in Outcome
    )
    return asked.run(
        f"SELECT {asked.keys}{of_outcomes}coalesce(sum(faxes), 0) AS faxes, "
        "CAST(coalesce(sum(pages), 0) AS bigint) AS pages "
        f"FROM ({asked.faxes('fax_counts', 'outcome', 'pages')}) AS found "
        + asked.grouped(having="sum(faxes) <> 0")
    )


def time_faxes(
    session: Session, window: Window, *, bucket: Bucket | None, groupings: Sequence[Grouping]
) -> Sequence[Any]:
    """How long faxes took, for the buckets and groups in which that is known of any.

    Each row has the columns that it is grouped by as in `count_faxes`, and `p50`, `p95`, `p99` in
    seconds; without any it is one row, of None where nothing is known.
    """
    asked = _Asked(session, window, bucket, groupings)
    words = "".join(f"{word}, " for word in asked.words)
    among = f"PARTITION BY {', '.join(asked.words)}" if words else ""
    percentiles = ", ".join(
        f"CAST(min(CASE WHEN so_far * 100 >= of_all * {percent} THEN tenths END) AS "
        f"double precision) / 10 AS p{percent}"
        for percent in PERCENTILES
    )
    return asked.run(
        f"SELECT {asked.keys}{percentiles} FROM ("
        f"SELECT {words}tenths, sum(faxes) OVER ({among} ORDER BY tenths) AS so_far, "
        f"sum(faxes) OVER ({among}) AS of_all FROM ("
        f"SELECT {words}tenths, CAST(sum(faxes) AS integer) AS faxes "
        f"FROM ({asked.faxes('fax_times', 'tenths')}) AS found "
        f"WHERE tenths IS NOT NULL GROUP BY {words}tenths HAVING sum(faxes) <> 0"
        ") AS times) AS ranked " + asked.grouped()
    )


class _Asked:
    """A window, and what its faxes are to be told apart by.

    It is written in SQL: as many expressions took longer to put together than to answer.
    """

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
        self._accounts = account_ids(session, window)
        self._given: list[BindParameter[Any]] = []
        self.words = ([] if bucket is None else ["bucket"]) + [_WORDS[each] for each in groupings]

    @property
    def keys(self) -> str:
        """What is selected of a group; NULL where a fax has no such word."""
        return "".join(f"{_SHOWN.get(word, word)}, " for word in self.words)

    def grouped(self, having: str = "") -> str:
        """The end of a statement: without groups there is one row, whatever is in it."""
        if not self.words:
            return ""
        return f"GROUP BY {', '.join(self.words)}" + (f" HAVING {having}" if having else "")

    def faxes(self, sums: str, *names: str) -> str:
        """How many `faxes` there are of each kind and bucket, in any number of rows that add
        up; with these columns.
        """
        names = (*(word for word in self.words if word != "bucket"), *names)
        pieces = list(cut(self._window.start, self._window.end, self._bucket or Bucket.MONTH))
        parts = [self._part(piece, sums, names) for piece in pieces]
        whole = [piece for piece in pieces if piece.span]
        if whole:
            # What is not in the sums yet.
            begin = bucket_of(self._session, "hour", self._bucket or Bucket.MONTH)
            between = self._between("hour", whole[0].start, whole[-1].end)
            parts.append(self._select(begin, names, "faxes", f"fax_deltas WHERE {between}"))
        return " UNION ALL ".join(parts)

    def run(self, statement: str) -> Sequence[Any]:
        """Its rows."""
        types = {"bucket": UtcDateTime, "account": Uuid}
        shown = {each.value for each in self._groupings} | {"bucket"} & set(self.words)
        asked = text(statement).bindparams(*self._given)
        return self._session.execute(
            asked.columns(**{name: types[name] for name in types.keys() & shown})
        ).all()

    def _part(self, piece: Piece, sums: str, names: Sequence[str]) -> str:
        whole = piece.span is not None and piece.span is self._bucket
        begin = "begin"
        if self._bucket and not whole:
            begin = self._moment(bucket_start(piece.start, self._bucket))
        if piece.span is None:
            between = self._between("created_at", piece.start, piece.end)
            return self._select(begin, names, "1", f"counted_faxes WHERE {between}")
        between = self._between("begin", piece.start, piece.end)
        filtered = self._accounts is not None or self._window.directions
        kinds = "JOIN fax_kinds ON id = kind " if filtered or set(names) & set(KIND) else ""
        where = f"WHERE span = '{piece.span}' AND {between}"
        return self._select(begin, names, "faxes", f"{sums} {kinds}{where}")

    def _select(self, begin: str, names: Sequence[str], faxes: str, source: str) -> str:
        bucket = f"{begin} AS bucket, " if self._bucket else ""
        columns = "".join(f"{name}, " for name in names)
        return f"SELECT {bucket}{columns}{faxes} AS faxes FROM {source}{self._wanted()}"

    def _wanted(self) -> str:
        wanted = ""
        if self._accounts is not None:
            wanted += f" AND account_id IN {self._any_of(self._accounts, Uuid)}"
        if self._window.directions:
            wanted += f" AND direction IN {self._any_of(self._window.directions, Text)}"
        return wanted

    def _between(self, column: str, start: datetime, end: datetime) -> str:
        return f"{column} >= {self._moment(start)} AND {column} < {self._moment(end)}"

    def _moment(self, moment: datetime) -> str:
        return self._give(moment, UtcDateTime)

    def _any_of(self, values: Collection[Any], type_: type[Any]) -> str:
        return self._give(list(values), type_, expanding=True)

    def _give(self, value: Any, type_: type[Any], *, expanding: bool = False) -> str:
        name = f"given_{len(self._given)}"
        self._given.append(bindparam(name, value, type_=type_, expanding=expanding))
        return f":{name}"


_WORDS: Final = {
    Grouping.PROVIDER: "provider",
    Grouping.ACCOUNT: "account_id",
    Grouping.STATUS: "status",
    Grouping.REASON: "reason",
    Grouping.DESTINATION: "destination",
}
_SHOWN: Final = {
    "account_id": "account_id AS account",
    "reason": "nullif(reason, '') AS reason",
    "destination": "nullif(destination, '') AS destination",
}
