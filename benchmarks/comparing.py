"""The same questions to databases of different sizes, taking turns, and what that cost."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from statistics import median
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient

from benchmarks.asking import Asked, Question
from benchmarks.filling import Filled
from benchmarks.plans import explain, overheard
from faxhooks.db.engine import Database
from faxhooks.domain.errors import UnavailableError

_ROUND: Final = 10
_LEAST: Final = 3
"""Runs of a question that takes longer than there is time."""
_WARM: Final = 12
"""Runs that are not counted: the driver prepares a statement when it comes the sixth time,
and PostgreSQL decides five runs later whether one plan does for all.
"""
_EXPLAINED: Final = 5


@dataclass(frozen=True, slots=True)
class Ground:
    """A filled database with the application on it."""

    filled: Filled
    app: Flask
    key: str

    @property
    def database(self) -> Database:
        """The application's own."""
        found: Database = self.app.extensions["faxhooks"].database
        return found


@dataclass(slots=True)
class Times:
    """What one kind of asking took, in seconds; `best` is the least for each wording."""

    seconds: list[float] = field(default_factory=list)
    best: dict[int, float] = field(default_factory=dict)

    def add(self, wording: int, seconds: float) -> None:
        """One more run."""
        self.seconds.append(seconds)
        self.best[wording] = min(seconds, self.best.get(wording, seconds))

    @property
    def quiet_ms(self) -> float:
        """Half of the wordings took no longer, each at its best: hardly any of a noisy machine."""
        return round(median(self.best.values()) * 1000, 3)

    @property
    def median_ms(self) -> float:
        """Half of them took no longer."""
        return round(median(self.seconds) * 1000, 3)

    @property
    def p99_ms(self) -> float:
        """All but one of a hundred took no longer."""
        rank = math.ceil(len(self.seconds) * 0.99)
        return round(sorted(self.seconds)[rank - 1] * 1000, 3)


@dataclass(slots=True)
class Figure:
    """A question on one ground: the query alone, and as a request to the application."""

    faxes: int
    query: Times = field(default_factory=Times)
    request: Times = field(default_factory=Times)
    rows: list[int] = field(default_factory=list)
    path: str = ""
    failed: int = 0

    def as_json(self) -> dict[str, Any]:
        """All of it but the single times."""
        times = {"query": self.query, "request": self.request}
        return {
            "faxes": self.faxes,
            "runs": len(self.query.seconds),
            "failed": self.failed,
            "rows": median(self.rows),
            "path": self.path,
            **{
                f"{name}_{part}": getattr(each, part)
                for name, each in times.items()
                for part in ("quiet_ms", "median_ms", "p99_ms")
            },
        }


def compare(
    question: Question, grounds: Sequence[Ground], *, runs: int, seconds: float
) -> list[Figure]:
    """Ask on each ground so often, or for so long if that is over sooner, in short turns.

    Requests are half as many.
    """
    askings = [_Asking(question, ground) for ground in grounds]
    for asking in askings:
        asking.explain(seconds)
    for kind in ("query", "request"):
        for asking in askings:
            asking.ask(kind, min(_WARM, runs), seconds / 4, count=False)
        times = runs if kind == "query" else math.ceil(runs / 2)
        for _ in range(math.ceil(times / _ROUND)):
            for asking in askings:
                asking.ask(kind, min(_ROUND, times), seconds)
    return [asking.figure for asking in askings]


class _Asking:
    """One question on one ground, with other words every time."""

    def __init__(self, question: Question, ground: Ground) -> None:
        self.figure = Figure(ground.filled.faxes)
        self._ground = ground
        self._words = cycle(enumerate(question.ask(ground.filled, ground.app)))
        self._client: FlaskClient = ground.app.test_client()
        self._headers = {"Authorization": f"Bearer {ground.key}"}

    def ask(self, kind: str, times: int, seconds: float, *, count: bool = True) -> None:
        """So often, unless it has taken so long already."""
        least = _LEAST if count else 1
        run: Callable[[Asked], int] = self._query if kind == "query" else self._request
        taken: Times = getattr(self.figure, kind) if count else Times()
        for wording, asked in islice(self._words, times):
            if sum(taken.seconds) > seconds and len(taken.seconds) >= least:
                return
            began = time.perf_counter()
            rows = run(asked)
            taken.add(wording, time.perf_counter() - began)
            if kind == "query" and count:
                self.figure.rows.append(rows)

    def explain(self, seconds: float) -> None:
        """The ways that a few of them go, the most frequent first."""
        paths: list[str] = []
        until = time.monotonic() + seconds
        for _, asked in islice(self._words, _EXPLAINED):
            with overheard(self._ground.database) as statements:
                self._query(asked)
            paths.append(explain(self._ground.database, statements))
            if time.monotonic() > until:
                break
        self.figure.path = " | ".join(sorted(set(paths), key=paths.count, reverse=True))

    def _query(self, asked: Asked) -> int:
        """What the database does not answer in time counts as a failure."""
        try:
            return self._ground.database.read(asked.query)
        except UnavailableError:
            self.figure.failed += 1
            return 0

    def _request(self, asked: Asked) -> int:
        response = self._client.get(asked.path, headers=self._headers)
        if response.status_code == 503:
            self.figure.failed += 1
        elif response.status_code != 200:
            raise RuntimeError(f"{asked.path} was answered with {response.status_code}")
        return len(response.data)
