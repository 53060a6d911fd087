"""One commit for all who wait.

A commit waits for the disk, and while it does, others come. Instead of one commit each,
whoever finds none running leads: it commits its own work with all that waits by then, and
answers everybody. So a lone request never waits for company, and a crowd shares its waits.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from faxhooks.domain.errors import UnavailableError

T = TypeVar("T")
R = TypeVar("R")

MOST: Final = 64
"""Items in one commit: enough to share a wait, too few to make one long."""
_LEAST_SECONDS: Final = 0.4
"""Who has less time than this left does not begin a commit any more."""


@dataclass(eq=False, slots=True)
class _Waiting(Generic[T, R]):
    item: T
    until: float
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    result: R | None = None
    error: Exception | None = None
    answered: bool = False

    def answer(self, result: R | None, error: Exception | None = None) -> None:
        self.result, self.error, self.answered = result, error, True
        self.woken.set()

    def take(self) -> R:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class GroupCommit(Generic[T, R]):
    """Commits items in groups. `commit` takes items and a deadline, and answers each in order.

    When it raises anything but UnavailableError for a group, each item is tried alone, so
    that one bad item costs the others nothing.
    """

    def __init__(self, commit: Callable[[Sequence[T], float], Sequence[R]]) -> None:
        self._commit = commit
        self._queue: deque[_Waiting[T, R]] = deque()
        self._lock = threading.Lock()
        self._led = False

    def submit(self, item: T, until: float) -> R:
        """The answer of the commit that `item` was in.

        `until` is a time.monotonic(); when it passes first, UnavailableError is raised,
        and whether the item was committed is not known.
        """
        own: _Waiting[T, R] = _Waiting(item, until)
        with self._lock:
            self._queue.append(own)
            own.leads = not self._led
            self._led = True
        if not own.leads:
            own.woken.wait(max(0.0, until - time.monotonic()))
        if self._must_lead(own):
            self._lead(own)
        return own.take()

    def _must_lead(self, own: _Waiting[T, R]) -> bool:
        """Whether it is this one's turn; who is out of time leaves the queue."""
        with self._lock:
            if own.answered:
                return False
            if own.leads and own.until - time.monotonic() >= _LEAST_SECONDS:
                return True
            own.answer(None, UnavailableError("the database is too slow; try again"))
            if own in self._queue:
                self._queue.remove(own)
            if own.leads:
                self._hand_over()
            return False

    def _lead(self, own: _Waiting[T, R]) -> None:
        with self._lock:
            self._queue.remove(own)
            group = [own, *(self._queue.popleft() for _ in range(min(len(self._queue), MOST - 1)))]
        try:
            self._answer(group, own.until)
        finally:
            with self._lock:
                self._hand_over()

    def _answer(self, group: Sequence[_Waiting[T, R]], until: float) -> None:
        try:
            results = self._commit([waiting.item for waiting in group], until)
        except UnavailableError as error:
            for waiting in group:
                waiting.answer(None, error)
        except Exception as error:  # noqa: BLE001 (handed to whoever waits for it)
            if len(group) == 1:
                group[0].answer(None, error)
                return
            for waiting in group:
                self._answer([waiting], until)
        else:
            for waiting, result in zip(group, results, strict=True):
                waiting.answer(result)

    def _hand_over(self) -> None:
        """Let the one that has waited longest lead; called with the lock held."""
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].woken.set()
        else:
            self._led = False
