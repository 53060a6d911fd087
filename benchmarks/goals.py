"""The goals of speed, and whether a run has met them: ratios, since only those travel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from benchmarks.growth import name_of
from benchmarks.peers import lineup
from benchmarks.report import Figure, aligned, speed
from benchmarks.service import FLASK, SQLITE, VERIFIES

LARGE: Final = name_of(1_000_000)
_QUERIES: Final = "`make bench-queries` measures it"


class NotMeasuredError(Exception):
    """A figure that a goal needs is not there, or does not count; says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """The figures by name, which door is shipped, and why some contenders are missing."""

    figures: Mapping[str, Figure]
    shipped_name: str
    missing: Mapping[str, str]

    def __getitem__(self, name: str) -> Figure:
        """Raises NotMeasuredError unless it was measured and counts."""
        if name in self.missing:
            raise NotMeasuredError(f"{name} is missing: {self.missing[name]}")
        if name not in self.figures:
            hint = "`make bench-growth` measures it" if name == LARGE else "`make bench` has it"
            raise NotMeasuredError(f"{name} was not in this run; {hint}")
        if not self.figures[name].is_valid:
            raise NotMeasuredError(f"the figure of {name} does not count")
        return self.figures[name]

    @property
    def shipped(self) -> Figure:
        """The service on PostgreSQL, as the Procfile starts it."""
        return self[self.shipped_name]

    @property
    def fastest(self) -> Figure:
        """The fastest peer; it is not known unless all of them were measured."""
        return max((self[name] for name in lineup.ALL), key=lambda peer: peer.requests_per_second)


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted: at least or at most so much of what `measure` finds in a run."""

    name: str
    wanted: str
    bound: float
    measure: Callable[[Run], float]

    def judge(self, run: Run) -> "Verdict":
        """Whether this run meets it."""
        try:
            found = round(self.measure(run), 3)
        except NotMeasuredError as error:
            return Verdict(self, None, str(error))
        met = found >= self.bound if self.wanted == "at least" else found <= self.bound
        return Verdict(self, found, "met" if met else "NOT MET")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run says about a goal; without a figure `said` is the reason."""

    goal: Goal
    found: float | None
    said: str

    def as_json(self) -> dict[str, Any]:
        """All of it in one object; `met` is null where nothing was measured."""
        met = None if self.found is None else self.said == "met"
        wanted = {self.goal.wanted: self.goal.bound}
        return {"goal": self.goal.name, **wanted, "found": self.found, "met": met, "why": self.said}

    def row(self) -> tuple[str, ...]:
        """Its line in the table."""
        found = "" if self.found is None else f"{self.found:,.2f}"
        said = self.said if self.found is not None else f"not measured: {self.said}"
        return (self.goal.name, f"{self.goal.wanted} {self.goal.bound:,g}", found, said)


def _elsewhere(why: str) -> Callable[[Run], float]:
    def measure(_: Run) -> float:
        raise NotMeasuredError(why)

    return measure


GOALS: Final = (
    Goal("as shipped ÷ fastest peer", "at least", 1.5, lambda r: speed(r.shipped, r.fastest)),
    Goal(
        "as shipped ÷ Flask + ORM", "at least", 20,
        lambda r: speed(r.shipped, r[lineup.FLASK_ORM]),
    ),
    Goal(
        "by Flask ÷ FastAPI, one statement", "at least", 1,
        lambda r: speed(r[FLASK], r[lineup.FASTAPI_ONE]),
    ),
    Goal(
        "by Flask ÷ Flask + ORM", "at least", 7,
        lambda r: speed(r[FLASK], r[lineup.FLASK_ORM]),
    ),
    Goal(
        "by Flask ÷ Flask, verifies only", "at least", 0.7,
        lambda r: speed(r[FLASK], r[VERIFIES]),
    ),
    Goal(
        "p99: as shipped ÷ fastest peer", "at most", 0.5,
        lambda r: r.shipped.p99_ms / r.fastest.p99_ms,
    ),
    Goal(
        "p50 on one connection: as shipped ÷ FastAPI, one statement", "at most", 1,
        lambda r: r.shipped.alone_ms / r[lineup.FASTAPI_ONE].alone_ms,
    ),
    Goal("on SQLite ÷ as shipped", "at least", 0.5, lambda r: speed(r[SQLITE], r.shipped)),
    Goal(
        "price of a callback at 1,000,000 faxes ÷ at 0", "at most", 1.2,
        lambda r: speed(r.shipped, r[LARGE]),
    ),
    Goal("queries at 1,000,000 faxes ÷ at 100,000", "at most", 1.5, _elsewhere(_QUERIES)),
    Goal("statistics of a year at 1,000,000 faxes, ms", "at most", 10, _elsewhere(_QUERIES)),
    Goal("export of 1,000,000 faxes, rows/s", "at least", 50_000, _elsewhere(_QUERIES)),
    Goal("export of 1,000,000 faxes, MB", "at most", 150, _elsewhere(_QUERIES)),
    Goal(
        "memory of a web worker, MB", "at most", 120,
        lambda r: max(*r.shipped.megabytes, *r[SQLITE].megabytes),
    ),
    Goal("start to first answer, s", "at most", 2, lambda r: median(r.shipped.starts)),
)  # fmt: skip


def judge(run: Run) -> list[Verdict]:
    """Every goal, in their order."""
    return [goal.judge(run) for goal in GOALS]


def table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts for people."""
    rows = [verdict.row() for verdict in verdicts]
    said = [row[-1] for row in rows]
    narrow = aligned([("goal", "wanted", "found"), *(row[:-1] for row in rows)]).splitlines()
    width = max(map(len, narrow))
    return "\n".join(
        f"{line:<{width}}  {each}".rstrip() for line, each in zip(narrow, ["", *said], strict=True)
    )
