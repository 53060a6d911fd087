"""Whether the goals are met, and all figures in one table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from benchmarks.asking import Goal, Question
from benchmarks.comparing import Figure

MOST: Final = 1.5
"""So many times as long may a question take in the largest database as in the smallest."""
MOST_OF_A_YEAR: Final = 10.0
"""Milliseconds."""

_BAD: Final = re.compile(r"\bALL OF\b|\bPASSES OVER\b")
_NUMBERS: Final = ("rows", "quiet", "p50", "p99", "HTTP")


@dataclass(frozen=True, slots=True)
class Answer:
    """A question's figures, from the smallest database to the largest."""

    database: str
    question: Question
    figures: Sequence[Figure]

    @property
    def ratio(self) -> float | None:
        """How many times as long it takes in the largest; None where there is one size only."""
        if len(self.figures) < 2:
            return None
        return self.figures[-1].query.quiet_ms / self.figures[0].query.quiet_ms

    @property
    def is_met(self) -> bool | None:
        """Whether it is as quick as it should be; None where nothing is asked of it."""
        if any(figure.failed for figure in self.figures):
            return False
        if self.question.goal is Goal.YEAR:
            return self.figures[-1].query.quiet_ms < MOST_OF_A_YEAR
        if self.question.goal is Goal.COUNTING or self.ratio is None:
            return None
        return self.ratio <= MOST

    @property
    def is_bad(self) -> bool:
        """Whether the largest database goes a long way round."""
        return bool(_BAD.search(self.figures[-1].path))

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "database": self.database,
            "question": self.question.name,
            "goal": self.question.goal,
            "ratio": self.ratio and round(self.ratio, 2),
            "met": self.is_met,
            "bad_plan": self.is_bad,
            "figures": [figure.as_json() for figure in self.figures],
        }


def progress(answer: Answer) -> str:
    """One question's line while others are still to come."""
    times = ", ".join(f"{figure.query.quiet_ms:.2f} ms" for figure in answer.figures)
    return f"{answer.database}, {answer.question.name}: {times}"


def table(answers: Sequence[Answer]) -> str:
    """The figures for people, in milliseconds: the query undisturbed, the median and the 99th
    percentile of all its runs, and the median of a whole request.
    """
    sizes = [figure.faxes for figure in answers[0].figures] if answers else []
    head = ["", *(f"{size:,}: {name}" for size in sizes for name in _NUMBERS)]
    rows = [[*head, "ratio", "goal", "way"], *(_row(answer) for answer in answers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(_line(row, widths) for row in rows)


def _row(answer: Answer) -> list[str]:
    figures = [cell for figure in answer.figures for cell in _cells(figure)]
    ratio = "" if answer.ratio is None else f"{answer.ratio:.2f}"
    name = f"{answer.database} {answer.question.name}"
    return [name, *figures, ratio, _said(answer), answer.figures[-1].path]


def _cells(figure: Figure) -> list[str]:
    query = figure.query
    times = (query.quiet_ms, query.median_ms, query.p99_ms, figure.request.median_ms)
    return [f"{median(figure.rows):,.0f}", *(f"{time:.2f}" for time in times)]


def _said(answer: Answer) -> str:
    """The verdict, or what a thousand of the faxes that are counted cost where there is none."""
    if failed := sum(figure.failed for figure in answer.figures):
        return f"NOT met, {failed} failed"
    if answer.is_met is not None:
        return "met" if answer.is_met else "NOT met"
    if answer.question.goal is not Goal.COUNTING:
        return ""
    largest = answer.figures[-1]
    return f"{largest.query.quiet_ms / max(1, median(largest.rows)) * 1000:.2f} per 1,000"


def _line(row: list[str], widths: list[int]) -> str:
    first, *numbers = row[:-1]
    cells = [f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:], strict=True)]
    return "  ".join([f"{first:<{widths[0]}}", *cells, row[-1]]).rstrip()
