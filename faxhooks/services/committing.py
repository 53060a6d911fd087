"""One commit for all who wait.

A commit waits for the disk, and while it does, others come. Instead of one commit each,
whoever finds none running leads: it commits its own work with all that waits by then, and
answers everybody. So a lone request never waits for company, and a crowd shares its waits.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from faxhooks.domain.errors import UnavailableError

T = TypeVar("T")
R = TypeVar("R")

MOST: Final = 64
"""Items in one commit: enough to share a wait, too few to make one long."""
_LEADERS: Final = 2
"""Threads that commit for tasks; one leads at a time, and hands over before it is done."""
_LEAST_SECONDS: Final = 0.4
"""Who has less time than this left does not begin a commit any more."""


@dataclass(eq=False, slots=True)
class _Waiting(Generic[T, R]):
    """Somebody with an item; who is answered, or has to lead, must be woken."""

    item: T
    until: float
    leads: bool = False
    result: R | None = None
    error: Exception | None = None
    answered: bool = False

    def answer(self, result: R | None, error: Exception | None = None) -> None:
        self.result, self.error, self.answered = result, error, True

    def take(self) -> R:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]

    def wake(self) -> None:
        raise NotImplementedError


@dataclass(eq=False, slots=True)
class _Thread(_Waiting[T, R]):
    """A thread that stands still meanwhile, and leads itself."""

    woken: threading.Event = field(default_factory=threading.Event)

    def wake(self) -> None:
        self.woken.set()


@dataclass(eq=False, slots=True, kw_only=True)
class _Task(_Waiting[T, R]):
    """A task of an event loop, for which a thread leads, since the loop must not stand still."""

    lead: Callable[["_Task[T, R]"], None]
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Future[None]

    def wake(self) -> None:
        """To lead; its end is told to its loop, together with those of others."""
        self.lead(self)

    def end(self) -> None:
        if not self.woken.done():
            self.woken.set_result(None)


def _wake(answered: Iterable[_Waiting[T, R]]) -> None:
    """Tasks all at once, since each call to their loop from another thread costs a message."""
    tasks: list[_Task[T, R]] = []
    for waiting in answered:
        if isinstance(waiting, _Task):
            tasks.append(waiting)
        else:
            waiting.wake()
    for loop in {task.loop for task in tasks}:
        loop.call_soon_threadsafe(_end, [task for task in tasks if task.loop is loop])


def _end(tasks: Iterable[_Task[T, R]]) -> None:
    for task in tasks:
        task.end()


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
        self._leaders = ThreadPoolExecutor(_LEADERS, thread_name_prefix="commit")

    def submit(self, item: T, until: float) -> R:
        """The answer of the commit that `item` was in.

        `until` is a time.monotonic(); when it passes first, UnavailableError is raised,
        and whether the item was committed is not known.
        """
        own: _Thread[T, R] = _Thread(item, until)
        if not self._queue_up(own):
            own.woken.wait(max(0.0, until - time.monotonic()))
        self._lead_or_leave(own)
        return own.take()

    async def submit_soon(self, item: T, until: float) -> R:
        """The same for a task of an event loop, which goes on meanwhile."""
        loop = asyncio.get_running_loop()
        own: _Task[T, R] = _Task(
            item, until, lead=self._lead_in_thread, loop=loop, woken=loop.create_future()
        )
        if self._queue_up(own):
            own.wake()
        alarm = loop.call_later(max(0.0, until - time.monotonic()), own.end)
        try:
            await own.woken
        finally:
            alarm.cancel()
        if not own.answered:
            self._leave(own)
        return own.take()

    def _queue_up(self, own: _Waiting[T, R]) -> bool:
        """Whether nobody leads, so that this one has to."""
        with self._lock:
            self._queue.append(own)
            own.leads = not self._led
            self._led = True
            return own.leads

    def _lead_in_thread(self, own: _Task[T, R]) -> None:
        self._leaders.submit(self._lead_or_leave, own)

    def _lead_or_leave(self, own: _Waiting[T, R]) -> None:
        """Lead, if it is this one's turn; who is out of time leaves the queue."""
        if group := self._take_group(own):
            self._lead(group)
        else:
            self._leave(own)

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
            own.answer(None, UnavailableError("the database is too slow; try again"))
            _wake([own])
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
            if len(group) > 1:
                for waiting in group:
                    self._answer([waiting], until)
                return
            group[0].answer(None, error)
        else:
            for waiting, result in zip(group, results, strict=True):
                waiting.answer(result)
        _wake(group)

    def _hand_over(self) -> None:
        """Let the one that has waited longest lead; called with the lock held."""
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].wake()
        else:
            self._led = False
