"""Where the marks of a chart stand: figures in, coordinates out, for a template to draw."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

WIDTH: Final = 480
HEIGHT: Final = 200
_LEFT: Final = 52
_BOTTOM: Final = 26
_TOP: Final = 10
_GAP: Final = 0.24
"""The part of a bar's place that stays empty."""

STACK: Final = (
    ("success", "Arrived"),
    ("failure", "Failed"),
    ("unknown", "Unconfirmed"),
    ("pending", "Open"),
    ("canceled", "Canceled"),
)
"""The outcomes of a bar, from the bottom up, with their words."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle, and the kind that gives it its colour."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One span of time: its marks, its place on the axis, and its figures in words."""

    at: datetime
    x: float
    width: float
    marks: Sequence[Mark]
    values: Sequence[tuple[str, str]]
    labelled: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns over an axis; `ticks` are pairs of a height and its text."""

    columns: Sequence[Column]
    ticks: Sequence[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    base: int = HEIGHT - _BOTTOM


def draw_volume(buckets: Sequence[Mapping[str, Any]]) -> Chart:
    """How many faxes each span has, stacked by outcome."""
    step = _round_step(max((bucket["faxes"] for bucket in buckets), default=0))
    top = step * 4
    columns = []
    for place, bucket in enumerate(buckets):
        x, width = _place(place, len(buckets))
        marks, below = [], 0
        for kind, _ in STACK:
            faxes = bucket["by_outcome"][kind]
            if faxes:
                marks.append(Mark(kind, x, _y(below + faxes, top), width, _tall(faxes, top)))
            below += faxes
        values = [(words, str(bucket["by_outcome"][kind])) for kind, words in STACK]
        values.append(("All", str(bucket["faxes"])))
        columns.append(_column(bucket, place, len(buckets), marks, values))
    return Chart(columns, [(_y(step * n, top), str(step * n)) for n in range(5)])


def draw_times(buckets: Sequence[Mapping[str, Any]]) -> Chart:
    """How long half of each span's faxes took at most, and 95 of 100."""
    timed = [bucket["time_to_final"] for bucket in buckets if bucket["time_to_final"]]
    step = _time_step(max((times["p95"] for times in timed), default=0))
    top = step * 4
    columns = []
    for place, bucket in enumerate(buckets):
        x, width = _place(place, len(buckets))
        times, marks = bucket["time_to_final"], []
        values = [("Half within", "none"), ("95 of 100 within", "none")]
        if times:
            half, most = times["p50"], times["p95"]
            thin = max(2.0, width / 3)
            height = max(2.0, _tall(most - half, top))
            marks = [
                Mark("spread", x + (width - thin) / 2, _y(most, top), thin, height),
                Mark("median", x, _y(half, top) - 2, width, 4),
            ]
            values = [("Half within", duration(half)), ("95 of 100 within", duration(most))]
        columns.append(_column(bucket, place, len(buckets), marks, values))
    return Chart(columns, [(_y(step * n, top), _short(step * n, step)) for n in range(5)])


def duration(seconds: float) -> str:
    """A length of time as people say it, in its two greatest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min")]
    parts.append((whole % 60, "s"))
    said = [f"{count} {unit}" for count, unit in parts if count]
    first = next(n for n, (count, _) in enumerate(parts) if count)
    second = [f"{count} {unit}" for count, unit in parts[first + 1 : first + 2] if count]
    return " ".join([said[0], *second])


def _column(
    bucket: Mapping[str, Any],
    place: int,
    count: int,
    marks: Sequence[Mark],
    values: Sequence[tuple[str, str]],
) -> Column:
    room = (WIDTH - _LEFT) / count
    labelled = count <= 12 or place % 4 == 0
    return Column(
        bucket["bucket"], _round(_LEFT + room * place), _round(room), marks, values, labelled
    )


def _place(place: int, count: int) -> tuple[float, float]:
    room = (WIDTH - _LEFT) / count
    return _round(_LEFT + room * (place + _GAP / 2)), _round(min(room * (1 - _GAP), 64))


def _y(value: float, top: float) -> float:
    return _round(HEIGHT - _BOTTOM - _tall(value, top))


def _tall(value: float, top: float) -> float:
    return _round((HEIGHT - _BOTTOM - _TOP) * value / top)


def _round(value: float) -> float:
    return round(value, 1)


def _round_step(most: int) -> int:
    """A quarter of the axis, as round as whole numbers allow, so that four of them suffice."""
    least = max(1.0, most / 4)
    power = 10 ** math.floor(math.log10(least))
    steps = (1, 2, 2.5, 5, 10) if power > 1 else (1, 2, 5, 10)
    return int(next(n * power for n in steps if n * power >= least))


def _time_step(most: float) -> int:
    """The same, in seconds that make whole minutes and hours."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
    return next((step for step in steps if step * 4 >= most), math.ceil(most / 4 / 86400) * 86400)


def _short(seconds: float, step: float) -> str:
    """A time on the axis, in the one unit that suits all of its steps."""
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    unit, word = next(each for each in units if step >= each[0])
    return f"{seconds / unit:g} {word}"
