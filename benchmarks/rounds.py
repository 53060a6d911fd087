"""How contenders take turns: each is started anew for each of its rounds, and is then alone.

So nobody's connections and memory weigh on the others, and every start is timed.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.contenders import ROOT, Contender, Started, serving
from benchmarks.report import Figure, Round
from benchmarks.traffic import Traffic

_WARM_SECONDS: Final = 2.0
_ALONE_SECONDS: Final = 1.0
_TURN_SECONDS: Final = 3.0
"""What a turn takes for starting and stopping, when the time of a run is foretold."""


@dataclass(slots=True)
class Running:
    """A contender, and how much of the traffic it has had."""

    contender: Contender
    figure: Figure
    start: int = 0
    failed: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, contender: Contender) -> "Running":
        """One that has had nothing yet."""
        return cls(contender, Figure(contender.name, is_peer=contender.is_peer))

    def look_up(self, traffic: Traffic) -> None:
        """Compare what it acknowledged with what its database holds."""
        if self.contender.look_up is not None:
            sent = range(min(self.start, len(traffic)))
            answered = (traffic.body(number) for number in sent if number not in self.failed)
            self.figure.kept = self.contender.look_up(answered)


@dataclass(frozen=True, slots=True)
class Bench:
    """One run: traffic that is ready, and how it is sent."""

    folder: Path
    connections: int
    seconds: float
    rounds: int

    @property
    def path(self) -> Path:
        """The file of the traffic."""
        return self.folder / "requests"

    @property
    def shooting(self) -> float:
        """Seconds for which a contender is shot at in all its rounds together."""
        return sum(self._stretches) * self.rounds

    def foretell(self, contenders: int) -> float:
        """About how many seconds a run takes."""
        return (self.shooting + _TURN_SECONDS * self.rounds) * contenders

    @property
    def _stretches(self) -> tuple[float, float, float]:
        warm, alone = min(_WARM_SECONDS, self.seconds), min(_ALONE_SECONDS, self.seconds)
        return warm, self.seconds, alone

    def run(self, runners: Sequence[Running]) -> None:
        """In turns: warm up, then a crowd, then one connection."""
        for _ in range(self.rounds):
            for running in runners:
                with serving(running.contender, self.folder / "contender.log") as started:
                    self._take_turn(running, started)

    def _take_turn(self, running: Running, started: Started) -> None:
        warm, crowded, alone = self._stretches
        self._shoot(running, started.port, self.connections, warm)
        figure = running.figure
        figure.crowded.append(self._shoot(running, started.port, self.connections, crowded))
        figure.alone.append(self._shoot(running, started.port, 1, alone))
        figure.starts.append(round(started.seconds, 3))
        figure.megabytes.append(round(started.megabytes(), 1))

    def _shoot(self, running: Running, port: int, connections: int, seconds: float) -> Round:
        wrap = "wrap" if running.contender.look_up is None else "once"
        given = (self.path, port, running.start, wrap, connections, seconds)
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
