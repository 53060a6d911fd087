"""Bringing a fake provider's callbacks to their hooks: at their time, again when they fail."""

import heapq
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from faxhooks.simulator.fakes.behaviour import LONGEST_NAP, Behaviour, Clock, Dice
from faxhooks.simulator.line import TIMEOUT, Line, moved
from faxhooks.simulator.story import Prepared

RETRIES: Final = (1.0, 4.0)
"""Seconds until the next try, and the next: all three of SignalWire's come within fifteen."""

HELD: Final = 60.0
"""Seconds by which a reordered callback is held back."""

Make = Callable[[], Prepared | None]
"""Makes a callback at the time when it goes; None when it has become untrue."""


@dataclass(order=True, slots=True)
class _Letter:
    due: datetime
    number: int
    make: Make = field(compare=False)
    tries: int = field(default=0, compare=False)


class Postman:
    """Sends callbacks by threads of its own, from `start` to `stop`.

    They go to `base_url` in place of their own origin, over which they stay signed. `sent`
    counts what was answered, with `dropped` among it.
    """

    def __init__(
        self, clock: Clock, dice: Dice, base_url: str | None = None, threads: int = 4
    ) -> None:
        self.sent: Counter[str] = Counter()
        self._clock, self._dice, self._base_url = clock, dice, base_url
        self._letters: list[_Letter] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._stopped = False
        self._under_way = 0
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        self.behaviour = Behaviour()

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send nothing more, and wait for what is under way."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def post(self, due: datetime, make: Make) -> None:
        """Send a callback at that time of the provider's, with the faults that are set."""
        fate, faults = self._dice.random("callback"), self.behaviour
        if fate.random() < faults.drop:
            with self._changed:
                self.sent["dropped"] += 1
            return
        late = fate.random() * faults.delay
        late += HELD if fate.random() < faults.reorder else 0.0
        copies = 2 if fate.random() < faults.duplicate else 1
        for _ in range(copies):
            self._put(_Letter(due + timedelta(seconds=late), next(self._numbers), make))

    @property
    def idle(self) -> bool:
        """Whether nothing is waiting or under way."""
        with self._changed:
            return not self._letters and not self._under_way

    def _put(self, letter: _Letter) -> None:
        with self._changed:
            heapq.heappush(self._letters, letter)
            self._changed.notify()

    def _work(self) -> None:
        with Line(TIMEOUT) as line:
            while (letter := self._next()) is not None:
                try:
                    self._bring(line, letter)
                finally:
                    with self._changed:
                        self._under_way -= 1

    def _next(self) -> _Letter | None:
        """The next that is due, once it is; None when there is to be no next one."""
        with self._changed:
            while not self._stopped:
                wait = self._clock.wait_for(self._letters[0].due) if self._letters else None
                if wait == 0.0:
                    self._under_way += 1
                    return heapq.heappop(self._letters)
                self._changed.wait(None if wait is None else min(wait, LONGEST_NAP))
            return None

    def _bring(self, line: Line, letter: _Letter) -> None:
        callback = letter.make()
        if callback is None:
            return
        answer = line.send(callback, moved(callback.url, self._base_url))
        with self._changed:
            self.sent[answer.said] += 1
        tries = letter.tries + 1
        if not answer.accepted and tries < self.behaviour.tries:
            pause = RETRIES[min(tries, len(RETRIES)) - 1]
            due = self._clock.now() + timedelta(seconds=pause)
            self._put(replace(letter, due=due, tries=tries))
