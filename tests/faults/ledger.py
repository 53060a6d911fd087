"""What a provider knows: which request it sent, and what became of it.

Every line is on the disk before the next step is taken, so that the ledger could be believed
even if the provider itself were killed.
"""

import json
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SENT: Final = "sent"
ACKED: Final = "acked"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"
"""There was no answer: the request may or may not have been kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One try of the request of this number. `said` is the status code or what was in its
    place, `began` and `ended` are times of time.monotonic().
    """

    number: int
    outcome: str
    said: str
    retry_after: str | None
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long the answer took."""
        return self.ended - self.began


class Ledger:
    """A file with a line for each request that is sent, and one for each that ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.acked = 0
        """How many tries were acknowledged so far."""
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self._lock = threading.Lock()

    def send(self, number: int) -> float:
        """Enter that a try begins; the time at which it did."""
        self._write([number, SENT])
        return time.monotonic()

    def end(self, number: int, began: float, said: str, retry_after: str | None = None) -> bool:
        """Enter how a try ended, and say whether it was acknowledged."""
        outcome = _outcome(said)
        now = time.monotonic()
        self._write([number, outcome, said, retry_after, round(began, 6), round(now, 6)])
        with self._lock:
            self.acked += outcome == ACKED
        return outcome == ACKED

    def close(self) -> None:
        """Nothing more is entered."""
        os.close(self._file)

    def _write(self, line: list[Any]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fdatasync(self._file)


def read(path: Path) -> list[Entry]:
    """The tries that ended, in the order in which they did; a file that was cut is read too.

    A try that began and never ended is unknown.
    """
    under_way: Counter[int] = Counter()
    entries = []
    for line in path.read_text().splitlines():
        number, outcome, *more = json.loads(line)
        under_way[number] += 1 if outcome == SENT else -1
        if outcome != SENT:
            entries.append(Entry(number, outcome, *more))
    left = (+under_way).elements()
    return [*entries, *(Entry(number, UNKNOWN, "", None, 0.0, 0.0) for number in left)]


def _outcome(said: str) -> str:
    if not said.isdigit():
        return UNKNOWN
    return ACKED if said.startswith("2") else REFUSED
