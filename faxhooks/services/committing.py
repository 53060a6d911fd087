"""One commit for all who wait.

A commit waits for the disk, and while it does, others come. Instead of one commit each,
whoever finds none running leads: it commits its own work with all that waits by then, and
answers everybody. So a lone request never waits for company, and a crowd shares its waits.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
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
    """A thread with an item; `woken` is set once it is answered, or has to lead."""

    item: T
    until: float
    leads: bool = False
    result: R | None = None
    error: Exception | None = None
    answered: bool = False
    woken: threading.Event = field(default_factory=threading.Event)

    def answer(self, result: R | None, error: Exception | None = None) -> None:
        self.result, self.error, self.answered = result, error, True
        self.woken.set()

    def take(self) -> R:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class GroupCommit(Generic[T, R]):
    """Commits the items of threads in groups. `commit` takes items and a deadline, and answers
    each in order.

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
        if not self._queue_up(own):
            own.woken.wait(max(0.0, until - time.monotonic()))
        if group := self._take_group(own):
            self._lead(group)
        else:
            self._leave(own)
        return own.take()

    def _queue_up(self, own: _Waiting[T, R]) -> bool:
        """Whether nobody leads, so that this one has to."""
        with self._lock:
            self._queue.append(own)
            own.leads = not self._led
            self._led = True
            return own.leads

    def _take_group(self, own: _Waiting[T, R]) -> list[_Waiting[T, R]]:
        """The leader and who else waits; nobody when it must not lead."""
        with self._lock:
            in_time = own.until - time.monotonic() >= _LEAST_SECONDS
            if own.answered or not own.leads or not in_time:
                return []
            self._queue.remove(own)
            more = min(len(self._queue), MOST - 1)
            return [own, *(self._queue.popleft() for _ in range(more))]

    def _leave(self, own: _Waiting[T, R]) -> None:
        """Be told that it took too long, unless the answer has come by now."""
        with self._lock:
            if own.answered:
                return
            own.answer(None, _too_slow())
            if own in self._queue:
                self._queue.remove(own)
                if own.leads:
                    self._hand_over()

    def _lead(self, group: Sequence[_Waiting[T, R]]) -> None:
        try:
            self._answer(group, group[0].until)
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


@dataclass(eq=False, slots=True)
class _Asked(Generic[T, R]):
    """A task with an item, which waits for the answer."""

    item: T
    until: float
    answer: "asyncio.Future[R]"

    def succeed(self, result: R) -> None:
        if not self.answer.done():
            self.answer.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class TaskCommit(Generic[T, R]):
    """The same for the tasks of one event loop, which awaits `commit` and goes on meanwhile."""

    def __init__(self, commit: Callable[[Sequence[T], float], Awaitable[Sequence[R]]]) -> None:
        self._commit = commit
        self._queue: deque[_Asked[T, R]] = deque()
        self._leader: asyncio.Task[None] | None = None

    async def submit(self, item: T, until: float) -> R:
        """As `GroupCommit.submit`."""
        loop = asyncio.get_running_loop()
        own: _Asked[T, R] = _Asked(item, until, loop.create_future())
        self._queue.append(own)
        if self._leader is None:
            self._leader = loop.create_task(self._lead())
        alarm = loop.call_later(until - time.monotonic(), own.fail, _too_slow())
        try:
            return await own.answer
        finally:
            alarm.cancel()

    async def _lead(self) -> None:
        try:
            while self._queue:
                if group := self._take_group():
                    await self._answer(group, group[0].until)
        finally:
            self._leader = None

    def _take_group(self) -> list[_Asked[T, R]]:
        """Who waits and has the time for it; who has not is told so by its alarm. What a client
        sent that has left by now is ours all the same.
        """
        least = time.monotonic() + _LEAST_SECONDS
        first = [self._queue.popleft() for _ in range(min(len(self._queue), MOST))]
        return [asked for asked in first if asked.until >= least]

    async def _answer(self, group: Sequence[_Asked[T, R]], until: float) -> None:
        try:
            results = await self._commit([asked.item for asked in group], until)
        except UnavailableError as error:
            for asked in group:
                asked.fail(error)
        except Exception as error:  # noqa: BLE001 (handed to whoever waits for it)
            if len(group) == 1:
                group[0].fail(error)
                return
            for asked in group:
                await self._answer([asked], until)
        else:
            for asked, result in zip(group, results, strict=True):
                asked.succeed(result)


def _too_slow() -> UnavailableError:
    return UnavailableError("the database is too slow; try again")
