"""Periodic tasks, one after the other: what is due runs, then the loop sleeps."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

import structlog

from faxhooks.domain.errors import UnavailableError

log = structlog.get_logger()

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0

Counts = Mapping[str, int]
"""What a pass did, by its kind."""


@dataclass(frozen=True, slots=True)
class Task:
    """Work that comes round every `seconds`, beginning at once.

    `run` is given an event and looks at it between two pieces of work: once it is set, it
    returns. It may raise UnavailableError, after which it is tried again soon. `end` runs once
    the loop has been told to stop. A `quiet` task is logged only when it did anything.
    """

    name: str
    seconds: float
    run: Callable[[Event], Counts]
    end: Callable[[], None] = lambda: None
    quiet: bool = False


class Loop:
    """Runs tasks when they are due. `ready` must pass before the first one runs; it raises
    UnavailableError to be asked again, and anything else to end the loop.
    """

    def __init__(self, tasks: Sequence[Task], ready: Callable[[], None] = lambda: None) -> None:
        self._tasks = tasks
        self._ready = ready

    def run(self, stopping: Event) -> None:
        """Work until `stopping` is set."""
        self._wait_until_ready(stopping)
        self._work(stopping)
        for task in self._tasks:
            _end(task)

    def _work(self, stopping: Event) -> None:
        now = time.monotonic()
        due = dict.fromkeys(self._tasks, now)
        failures = dict.fromkeys(self._tasks, 0)
        while not stopping.is_set():
            for task in [task for task in self._tasks if due[task] <= time.monotonic()]:
                if stopping.is_set():
                    return
                failures[task] = 0 if _ran(task, stopping) else failures[task] + 1
                wait = _backoff(failures[task]) if failures[task] else task.seconds
                due[task] = time.monotonic() + wait
            stopping.wait(max(0.0, min(due.values()) - time.monotonic()))

    def run_once(self) -> dict[str, Counts]:
        """Run every task once; what each did. Raises UnavailableError."""
        never = Event()
        return {task.name: _logged(task, never) for task in self._tasks}

    def _wait_until_ready(self, stopping: Event) -> None:
        failures = 0
        while not stopping.is_set():
            try:
                self._ready()
            except UnavailableError:
                failures += 1
                wait = _backoff(failures)
                log.warning("worker_waits_for_the_database", seconds=wait)
                stopping.wait(wait)
            else:
                return


def _ran(task: Task, stopping: Event) -> bool:
    """Run a task; False when the database was away, and it should be tried again soon.

    A task that breaks is not tried again before its time, and does not stop the others.
    """
    try:
        _logged(task, stopping)
    except UnavailableError:
        log.warning("worker_pass_interrupted", task=task.name)
        return False
    except Exception:
        log.exception("worker_pass_failed", task=task.name)
    return True


def _logged(task: Task, stopping: Event) -> Counts:
    began = time.monotonic()
    counts = task.run(stopping)
    if any(counts.values()) or not task.quiet:
        seconds = round(time.monotonic() - began, 3)
        log.info("worker_pass", task=task.name, seconds=seconds, **counts)
    return counts


def _end(task: Task) -> None:
    """Nothing waits for the database once the loop is to stop."""
    try:
        task.end()
    except UnavailableError:
        log.warning("worker_end_not_noted", task=task.name)


def _backoff(failures: int) -> float:
    """Seconds until the next try: doubling from one second to a minute."""
    return min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(failures - 1, 10))
