"""Sending prepared callbacks over HTTP, many at once, and counting what was answered.

A callback goes to the service at another address than the one it was signed for: providers
call the public URL, which here may lead to a proxy or nowhere.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from faxhooks.simulator.line import TIMEOUT, Answer, Line, moved
from faxhooks.simulator.story import Prepared


@dataclass(slots=True)
class Report:
    """How many were sent, what was answered how often, and how long that took."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    accepted: int = 0

    @property
    def sent(self) -> int:
        """Callbacks sent, repeats and those without an answer included."""
        return self.answers.total()

    def note(self, answer: Answer) -> None:
        """Count one more."""
        self.answers[answer.said] += 1
        self.seconds.append(answer.seconds)
        self.accepted += answer.accepted

    def milliseconds(self, percent: float) -> float | None:
        """The time within which so many of a hundred were answered; None without any."""
        if not self.seconds:
            return None
        rank = math.ceil(len(self.seconds) * percent / 100)
        return round(sorted(self.seconds)[max(rank, 1) - 1] * 1000, 1)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many at once, at most how many a second in all, and for how many seconds each."""

    concurrency: int = 1
    rate: float | None = None
    timeout: float = TIMEOUT


def fire(
    stretches: Iterable[Sequence[Prepared]],
    base_url: str | None = None,
    pace: Pace = Pace(),
    on_answer: Callable[[Answer], None] | None = None,
) -> Report:
    """Send every stretch, each in its order, and count the answers.

    They go to `base_url` in place of their own scheme, host and port. `on_answer` is called
    for one answer at a time. Proxies and passwords of the environment are not used.
    """
    shot = _Shot(iter(stretches), base_url, pace, on_answer)
    with ThreadPoolExecutor(pace.concurrency) as pool:
        workers = [pool.submit(shot.work) for _ in range(pace.concurrency)]
        try:
            for worker in workers:
                worker.result()
        finally:
            shot.stop()
    return shot.report


class _Shot:
    """What the threads of one firing share."""

    def __init__(
        self,
        stretches: Iterator[Sequence[Prepared]],
        base_url: str | None,
        pace: Pace,
        on_answer: Callable[[Answer], None] | None,
    ) -> None:
        self.report = Report()
        self._stretches = stretches
        self._base_url = base_url
        self._pause = 1 / pace.rate if pace.rate else 0.0
        self._timeout = pace.timeout
        self._on_answer = on_answer
        self._due = time.monotonic()
        self._taking, self._noting = threading.Lock(), threading.Lock()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Send nothing more, so that an interrupted firing ends at once."""
        self._stopped.set()

    def work(self) -> None:
        """Send stretches until there are none left; whatever goes wrong ends the others too."""
        try:
            with Line(self._timeout) as line:
                while (stretch := self._take()) is not None:
                    self._send(line, stretch)
        except BaseException:
            self.stop()
            raise

    def _take(self) -> Sequence[Prepared] | None:
        with self._taking:
            return None if self._stopped.is_set() else next(self._stretches, None)

    def _send(self, line: Line, stretch: Sequence[Prepared]) -> None:
        for callback in stretch:
            self._wait()
            if self._stopped.is_set():
                return
            answer = line.send(callback, moved(callback.url, self._base_url))
            with self._noting:
                self.report.note(answer)
                if self._on_answer is not None:
                    self._on_answer(answer)

    def _wait(self) -> None:
        """Until it is this callback's turn; time that was lost is not caught up with."""
        if not self._pause:
            return
        with self._taking:
            due = max(self._due, time.monotonic())
            self._due = due + self._pause
        self._stopped.wait(due - time.monotonic())
