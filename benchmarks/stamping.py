"""Copies of an exemplar: other ids, numbers and times, everything else as it is there."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from operator import attrgetter, methodcaller
from random import Random
from typing import Any, Final

from sqlalchemy import Table

from benchmarks.exemplars import RECIPIENT, SENDER, Exemplar, Record
from faxhooks.db.models import CallbackRow, EventRow, FaxRow, ReferenceRow
from faxhooks.db.types import UtcDateTime

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (SQLite and COPY are given bare UTC times)
MICROSECOND: Final = timedelta(microseconds=1)
NORMAL: Final = 64
"""The pace of a copy at which its steps take as long as those of the exemplar."""

_TABLES: Final[dict[str, Any]] = {
    row.__tablename__: row.__table__ for row in (FaxRow, EventRow, ReferenceRow, CallbackRow)
}


@dataclass(slots=True)
class Stamp:
    """What is new about a copy.

    `at` is when it is first heard of, in microseconds since 1970, and `pace` how long its
    steps take. `names` stand for the numbers and the provider's ids.
    """

    at: int
    pace: int
    fax_id: str
    tags: str
    names: Mapping[str, str]
    callback_ids: Sequence[str]
    _times: dict[int, str] = field(default_factory=dict)

    def moment(self, offset: int) -> int:
        """When a step is made; whatever came first in the exemplar does so in the copy."""
        return self.at + offset * self.pace // NORMAL

    def time(self, offset: int) -> str:
        """The same as text."""
        found = self._times.get(offset)
        if found is None:
            moment = EPOCH + self.moment(offset) * MICROSECOND
            found = self._times[offset] = moment.isoformat(" ", "microseconds")
        return found

    def seconds(self, began: int, ended: int) -> float:
        """From one step to another."""
        return (self.moment(ended) - self.moment(began)) / 1_000_000

    def digest(self, number: int) -> bytes:
        """Of the fact of this number."""
        return sha256(b"%b/%d" % (self.fax_id.encode(), number)).digest()


Cell = Any | Callable[[Stamp], Any]
_Row = tuple[list[Any], list[tuple[int, Callable[[Stamp], Any]]]]
"""A row's values, and by its place whatever is made anew for each copy."""


class Template:
    """An exemplar made ready: for each table, rows of values and of what makes values."""

    def __init__(self, exemplar: Exemplar) -> None:
        fax = exemplar.fax
        self.weight = exemplar.weight
        self.direction: str = fax["direction"] or "outbound"
        self._start = _moment(fax["created_at"])
        self._names = _names([row["reference"] for row in exemplar.rows["fax_references"]])
        callbacks = sorted(exemplar.rows["callbacks"], key=lambda row: str(row["received_at"]))
        self._callbacks = {row["id"]: number for number, row in enumerate(callbacks)}
        self._digests = {row["digest"]: number for number, row in enumerate(callbacks)}
        self.unread = [n for n, row in enumerate(callbacks) if row["verdict"] == "unrecognized"]
        self.id_shapes = [len(row["reference"]) for row in exemplar.rows["fax_references"]]
        self.arrivals = [self._offset(row["received_at"]) for row in callbacks]
        self._rows = {
            table: [self._compiled(_TABLES[table], row) for row in rows]
            for table, rows in {**exemplar.rows, "callbacks": callbacks}.items()
        }
        events = exemplar.rows["fax_events"]
        self.event_arrivals = [self._offset(row["received_at"]) for row in events]

    def copies(self, table: str, stamp: Stamp) -> list[list[Any]]:
        """The rows of this table for a new fax."""
        made = []
        for same, new in self._rows[table]:
            row = same.copy()
            for place, cell in new:
                row[place] = cell(stamp)
            made.append(row)
        return made

    def _offset(self, time: str) -> int:
        return _moment(time) - self._start

    def _compiled(self, table: Table, row: Record) -> _Row:
        special = {
            "id": self._id(table, row),
            "fax_id": attrgetter("fax_id"),
            "callback_id": self._callback(row.get("callback_id")),
            "digest": partial(_digest, number=self._digests.get(row.get("digest"), 0)),
            "seconds_to_final": self._seconds(row),
            "tags": attrgetter("tags"),
        }
        cells = [
            special[column.name] if column.name in special else self._cell(column, row)
            for column in table.columns
        ]
        new = [(place, cell) for place, cell in enumerate(cells) if callable(cell)]
        return [None if callable(cell) else cell for cell in cells], new

    def _cell(self, column: Any, row: Record) -> Cell:
        value = row[column.name]
        if value is None:
            return None
        if isinstance(column.type, UtcDateTime):
            return methodcaller("time", self._offset(value))
        return self._named(value) if isinstance(value, str | bytes) else value

    def _id(self, table: Table, row: Record) -> Cell:
        if table.name == "faxes":
            return attrgetter("fax_id")
        return self._callback(row.get("id"))

    def _callback(self, callback_id: str | None) -> Cell:
        number = self._callbacks.get(callback_id or "")
        return None if number is None else lambda stamp: stamp.callback_ids[number]

    def _seconds(self, row: Record) -> Cell:
        seconds = row.get("seconds_to_final")
        if seconds is None:
            return None
        ended = self._offset(row["finished_at"])
        began = ended - round(seconds * 1_000_000)
        return methodcaller("seconds", began, ended)

    def _named(self, value: str | bytes) -> Cell:
        """Text in which numbers and ids are put in anew, where there are any."""
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        gaps = re.compile("|".join(map(re.escape, self._names)))
        if not gaps.search(text):
            return value
        form = gaps.sub(lambda gap: f"%({self._names[gap[0]]})s", text.replace("%", "%%"))
        if isinstance(value, bytes):
            return lambda stamp: (form % stamp.names).encode("latin-1")
        return lambda stamp: form % stamp.names


def new_names(template: Template, random: Random, sender: str, recipient: str) -> dict[str, str]:
    """Two numbers in both ways of writing them, and new ids in the shape of the old ones."""
    names = {}
    for end, number in (("sender", sender), ("recipient", recipient)):
        names[end] = number.removeprefix("+")
        names[f"{end} written"] = _written(number)
    for place, length in enumerate(template.id_shapes):
        digits = f"{random.getrandbits(128):032x}"
        parts = (digits[:8], digits[8:12], f"4{digits[13:16]}", f"a{digits[17:20]}", digits[20:])
        names[f"id {place}"] = "-".join(parts) if length == 36 else digits[:length]
    return names


def new_id(random: Random, at: int) -> str:
    """A UUIDv7 of this moment, as 32 hexadecimal digits."""
    bits = random.getrandbits(74)
    head = at // 1000 << 80 | 7 << 76 | (bits >> 62) << 64
    return f"{head | 2 << 62 | bits & (1 << 62) - 1:032x}"


def _digest(stamp: Stamp, number: int) -> bytes:
    return stamp.digest(number)


def _names(references: Sequence[str]) -> dict[str, str]:
    """What is to be replaced, and by which name."""
    ends = (("sender", SENDER), ("recipient", RECIPIENT))
    plain = {number.removeprefix("+"): end for end, number in ends}
    written = {_written(number): f"{end} written" for end, number in ends}
    return {**plain, **written, **{id_: f"id {n}" for n, id_ in enumerate(references)}}


def _written(number: str) -> str:
    """As Fax.Plus writes a number of ten digits behind its `+1`, but for the plus."""
    return f"1 {number[2:5]}-{number[5:8]}-{number[8:]}"


def _moment(time: str) -> int:
    return (datetime.fromisoformat(time) - EPOCH) // MICROSECOND
