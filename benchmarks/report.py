"""What came out: a figure for each contender, their ratios, a table and one JSON object."""

import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from statistics import median
from typing import Any, Final

from benchmarks.keeping import Kept

_PACKAGES: Final = ("faxhooks", "gunicorn", "flask", "sqlalchemy", "psycopg")
_HEAD: Final = (
    "", "requests/s", "p50 ms", "p99 ms", "one connection p50 ms", "MB", "start s", "kept"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Round:
    """One stretch of shooting. `processor` is the share of one core that the client took."""

    connections: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    processor: float
    answers: dict[str, int]


@dataclass(slots=True)
class Figure:
    """A contender's rounds, and what it had kept in the end, if it keeps anything.

    `starts` are in seconds, `megabytes` those of a worker, both of each round.
    """

    name: str
    is_peer: bool = False
    crowded: list[Round] = field(default_factory=list)
    alone: list[Round] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    kept: Kept | None = None

    @property
    def is_valid(self) -> bool:
        """Whether everything was answered with 200 and all of that is kept."""
        said = sum((Counter(each.answers) for each in (*self.crowded, *self.alone)), Counter())
        return set(said) == {"200"} and (self.kept is None or self.kept.is_whole)

    @property
    def requests_per_second(self) -> float:
        """The median of the crowded rounds."""
        return median(each.requests_per_second for each in self.crowded)

    @property
    def p99_ms(self) -> float:
        """The median of the crowded rounds."""
        return median(each.p99_ms for each in self.crowded)

    @property
    def alone_ms(self) -> float:
        """The median answer on one connection, and of that the median of the rounds."""
        return median(each.p50_ms for each in self.alone)

    def as_json(self) -> dict[str, Any]:
        """All that was seen of it; the figures are medians of the rounds."""
        return {
            "valid": self.is_valid,
            "requests_per_second": round(self.requests_per_second, 1),
            "p50_ms": median(each.p50_ms for each in self.crowded),
            "p99_ms": self.p99_ms,
            "one_connection_p50_ms": self.alone_ms,
            "megabytes": max(self.megabytes),
            "start_seconds": median(self.starts),
            "client_processor": max(each.processor for each in self.crowded),
            "kept": self.kept.as_json() if self.kept else None,
            "rounds": [
                {name: getattr(each, name) for name in Round.__slots__}
                for each in (*self.crowded, *self.alone)
            ],
        }


def machine() -> dict[str, Any]:
    """Where it was measured, since only ratios of one run travel."""
    return {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: version(name) for name in _PACKAGES},
    }


def speed(one: Figure, other: Figure) -> float:
    """How many requests one answers for each of the other's.

    It is the median of what they did in the same turns: what disturbs a turn disturbs both.
    """
    turns = zip(one.crowded, other.crowded, strict=True)
    return median(mine.requests_per_second / its.requests_per_second for mine, its in turns)


def ratios(figures: list[Figure]) -> dict[str, float]:
    """The speed of each contender that keeps what it says, beside each of all others."""
    durable = [figure for figure in figures if figure.kept]
    return {
        f"{one.name} ÷ {other.name}": round(speed(one, other), 3)
        for one in durable
        for other in figures
        if other is not one
    }


def table(figures: list[Figure]) -> str:
    """The figures for people."""
    return aligned([_HEAD, *(_row(figure) for figure in figures)])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a table whose first column is text."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(figure: Figure) -> tuple[str, ...]:
    found = figure.as_json()
    return (
        figure.name,
        f"{found['requests_per_second']:,.0f}",
        f"{found['p50_ms']:.1f}",
        f"{found['p99_ms']:.1f}",
        f"{found['one_connection_p50_ms']:.2f}",
        f"{found['megabytes']:.0f}",
        f"{found['start_seconds']:.2f}",
        _kept(figure),
    )


def _kept(figure: Figure) -> str:
    if not figure.is_valid:
        return "INVALID"
    return f"all {figure.kept.distinct:,}" if figure.kept else "nothing"


def _line(row: Sequence[str], widths: list[int]) -> str:
    name, *values = (f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
    return "  ".join([f"{name.strip():<{widths[0]}}", *values]).rstrip()
