"""How quickly the whole list of faxes is exported, and how much memory the web worker takes.

The service is started as the Procfile starts it, with one worker, and asked by HTTP on
127.0.0.1; this client only counts lines.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from benchmarks.comparing import Ground
from benchmarks.contenders import Contender, gunicorn, serving
from benchmarks.exemplars import PUBLIC_URL, SECRET_KEY
from benchmarks.report import aligned
from benchmarks.service import DOORS, shipped

LEAST_A_SECOND: Final = 50_000
"""Rows of NDJSON; nothing is asked of CSV."""
MOST_MB: Final = 150.0
FORMS: Final = {"NDJSON": "application/x-ndjson", "CSV": "text/csv"}

_PIECE: Final = 1 << 18
_SECONDS: Final = 60
"""For each piece; the first may have to be sorted."""


@dataclass(frozen=True, slots=True)
class Export:
    """One export of all faxes. `megabytes` are the most that a process took until its end."""

    database: str
    form: str
    rows: int
    seconds: float
    megabytes: float

    @property
    def rows_a_second(self) -> float:
        """From the request to the last byte."""
        return self.rows / self.seconds

    @property
    def is_met(self) -> bool:
        """Whether it is quick and small enough."""
        is_quick = self.form != "NDJSON" or self.rows_a_second >= LEAST_A_SECOND
        return is_quick and self.megabytes <= MOST_MB

    def as_json(self) -> dict[str, Any]:
        """All of it, with what is asked of it."""
        least = LEAST_A_SECOND if self.form == "NDJSON" else None
        return {
            "database": self.database,
            "form": self.form,
            "rows": self.rows,
            "rows_a_second": round(self.rows_a_second),
            "goal_rows_a_second": least,
            "megabytes": round(self.megabytes, 1),
            "goal_megabytes": MOST_MB,
            "met": self.is_met,
        }


def export(kind: str, ground: Ground, folder: Path) -> Iterator[Export]:
    """All of this database's faxes in each form, from one process that has just been started.

    Raises RuntimeError when it does not start, or does not give all of them.
    """
    environ = {
        "FAXHOOKS_ENV": "production",
        "DATABASE_URL": ground.database.engine.url.render_as_string(hide_password=False),
        "PUBLIC_URL": PUBLIC_URL,
        "SECRET_KEYS": SECRET_KEY,
        "WEB_CONCURRENCY": "1",
    }
    contender = Contender("export", gunicorn(*DOORS[shipped()]), environ)
    with serving(contender, folder / "export.log") as started:
        for form, accept in FORMS.items():
            began = time.monotonic()
            lines = _lines(started.port, accept, ground.key)
            seconds = time.monotonic() - began
            if lines < ground.filled.faxes:
                raise RuntimeError(f"the {form} ended after {lines:,} of {ground.filled.faxes:,}")
            yield Export(kind, form, ground.filled.faxes, seconds, started.peak_megabytes())


def _lines(port: int, accept: str, key: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        headers = {"Authorization": f"Bearer {key}", "Accept": accept}
        connection.request("GET", "/api/v1/faxes", headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"an export was answered with {answer.status}")
        return sum(piece.count(b"\n") for piece in iter(lambda: answer.read(_PIECE), b""))
    finally:
        connection.close()


def table(exports: Sequence[Export]) -> str:
    """The figures for people, each with its goal."""
    head = ("", "rows", "rows/s", "goal", "MB", "goal", "")
    return aligned([head, *map(_row, exports)])


def _row(each: Export) -> tuple[str, ...]:
    return (
        f"{each.database} {each.form}",
        f"{each.rows:,}",
        f"{each.rows_a_second:,.0f}",
        f"{LEAST_A_SECOND:,}" if each.form == "NDJSON" else "",
        f"{each.megabytes:.0f}",
        f"{MOST_MB:g}",
        "met" if each.is_met else "NOT MET",
    )
