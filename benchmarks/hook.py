"""How fast callbacks are taken in, beside what Flask can do without keeping anything.

`make bench`, or `python -m benchmarks.hook --help`. The service runs as the Procfile starts
it, in production mode, on a PostgreSQL database that is made for the run and on SQLite. All
contenders get the same requests, in rounds that take turns, so that a noisy machine is noisy
for all of them. Nothing but 127.0.0.1 is used.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks import databases, keeping, report, service
from benchmarks.contenders import ROOT, Contender, serving
from benchmarks.report import Figure, Round
from benchmarks.traffic import Traffic, write_traffic

MOST_PER_SECOND: Final = 5000
"""For so many requests a second there is something to send; what is faster is done early."""

_WARM_SECONDS: Final = 2.0
_LEAST: Final = 200


@dataclass(slots=True)
class Running:
    """A contender on its port, and how much of the traffic it has had."""

    contender: Contender
    port: int
    figure: Figure
    start: int = 0
    failed: set[int] = field(default_factory=set)

    @property
    def keeps(self) -> bool:
        """Whether it needs requests that it never had before."""
        return self.contender.database is not None


@dataclass(slots=True)
class Bench:
    """One run: traffic that is ready, and how it is sent."""

    path: Path
    connections: int
    seconds: float
    rounds: int

    def run(self, runners: Sequence[Running]) -> None:
        """Warm up, then let them take turns; first in a crowd, then on one connection."""
        warm = min(_WARM_SECONDS, self.seconds)
        for running in runners:
            self._shoot(running, self.connections, warm)
        for _ in range(self.rounds):
            for running in runners:
                running.figure.crowded.append(self._shoot(running, self.connections, self.seconds))
        for running in runners:
            running.figure.alone.append(self._shoot(running, 1, warm))

    def _shoot(self, running: Running, connections: int, seconds: float) -> Round:
        wrap = "once" if running.keeps else "wrap"
        given = (self.path, running.port, running.start, wrap, connections, seconds)
        command = [sys.executable, "-m", "benchmarks.load", *map(str, given)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise RuntimeError(f"the client failed at {running.contender.name}:\n{ended.stderr}")
        shot: dict[str, Any] = json.loads(ended.stdout)
        if shot["p50_ms"] is None:
            raise RuntimeError("there is nothing left to send; ask for fewer seconds")
        running.start = shot["next"]
        running.failed.update(shot["failed"])
        return Round(
            connections=connections,
            requests_per_second=round(shot["answers"].get("200", 0) / shot["seconds"], 1),
            p50_ms=shot["p50_ms"],
            p99_ms=shot["p99_ms"],
            processor=round(shot["processor_seconds"] / shot["seconds"], 3),
            answers=shot["answers"],
        )


def measure(folder: Path, asked: argparse.Namespace) -> list[Figure]:
    """Everything from the databases to the figures; `folder` is for what goes again."""
    with ExitStack() as stack:
        kept = service.Secrets()
        postgresql = stack.enter_context(databases.postgresql(folder))
        sqlite = f"sqlite:///{folder / 'faxhooks.db'}"
        customers = service.prepare(kept, (postgresql, sqlite))
        seconds = asked.seconds * asked.rounds + 2 * min(_WARM_SECONDS, asked.seconds)
        count = max(_LEAST, int(MOST_PER_SECOND * seconds))
        traffic = write_traffic(folder / "requests", customers, count)
        runners = [
            Running(
                contender,
                stack.enter_context(serving(contender, folder / f"{number}.log")),
                Figure(contender.name),
            )
            for number, contender in enumerate(service.contenders(kept, postgresql, sqlite))
            if asked.only in contender.name
        ]
        bench = Bench(folder / "requests", asked.connections, asked.seconds, asked.rounds)
        bench.run(runners)
        for running in runners:
            _look_up(running, traffic)
    return [running.figure for running in runners]


def _look_up(running: Running, traffic: Traffic) -> None:
    if running.contender.database is not None:
        sent = range(min(running.start, len(traffic)))
        answered = (traffic.body(number) for number in sent if number not in running.failed)
        running.figure.kept = keeping.look_up(running.contender.database, answered)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table and write the JSON; 1 when a figure is not valid."""
    asked = _parser().parse_args(arguments)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    # Beside the answer and not in a folder for temporary files, which may lie in memory.
    with tempfile.TemporaryDirectory(prefix="hook-", dir=asked.json.parent) as folder:
        figures = measure(Path(folder).resolve(), asked)
    found = {
        "machine": report.machine(),
        "connections": asked.connections,
        "seconds": asked.seconds,
        "contenders": {figure.name: figure.as_json() for figure in figures},
        "ratios": report.ratios(figures),
    }
    asked.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    _show(found, figures, asked.json)
    return 0 if all(figure.is_valid for figure in figures) else 1


def _show(found: dict[str, Any], figures: list[Figure], path: Path) -> None:
    machine = found["machine"]
    versions = ", ".join(f"{name} {which}" for name, which in machine["versions"].items())
    print(f"{machine['processors']} processors, Python {machine['python']}, {versions}")
    print(f"{found['connections']} connections, rounds of {found['seconds']:g} s\n")
    print(report.table(figures))
    print()
    for name, ratio in found["ratios"].items():
        print(f"{name}: {ratio:.2f}")
    print(f"\nAll of it is in {path}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hook", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a round (5)")
    parser.add_argument("--rounds", type=int, default=3, help="of each contender (3)")
    parser.add_argument("--connections", type=int, default=32, help="kept busy at once (32)")
    parser.add_argument("--only", default="", help="contenders with this in their name")
    parser.add_argument(
        "--json", type=Path, default=Path("var/bench/hook.json"), help="where the figures go"
    )
    return parser


if __name__ == "__main__":
    # Told to stop, it tidies up as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
