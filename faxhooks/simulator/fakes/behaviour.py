"""How a fake provider misbehaves, and how fast its time goes: the one thing to set."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Chances are from 0 to 1; seconds are the provider's own, `speed` of which pass in one.

    Of callbacks, `drop` never comes, `duplicate` comes twice, `delay` is the most by which one
    is late, and `reorder` is held back until what follows has overtaken it. A callback that is
    not answered with 2xx is tried `tries` times in all.

    Of requests, `throttle` is answered 429, with `retry_after` as it stands (seconds, or `date`
    for an HTTP date two seconds ahead); `fail` 503; `garble` something else than it should be; and
    `hang` is not answered for `hang_seconds` of real time, after which the connection is
    closed: half of them took effect all the same.

    `outcomes` weighs the words in which faxes end; without it all of them arrive.
    The same `seed` gives the same ids, and the same faults to the same number of requests.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    tries: int = 3
    throttle: float = 0.0
    retry_after: str | None = "1"
    fail: float = 0.0
    hang: float = 0.0
    hang_seconds: float = 30.0
    garble: float = 0.0
    speed: float = 1.0
    outcomes: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for what is no chance, or a time that stands still."""
        chances = ("drop", "duplicate", "reorder", "throttle", "fail", "hang", "garble")
        for name in chances:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1")
        if self.speed <= 0 or self.delay < 0 or self.tries < 1:
            raise ValueError("speed and tries must be positive, and delay not negative")


WELL: Final = Behaviour()


class Dice:
    """What happens to the next of each kind: for a seed it depends on nothing but the kind
    and how many there were before, whichever thread asks.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rolled: Counter[str] = Counter()
        self._lock = threading.Lock()

    def roll(self, kind: str) -> float:
        """From 0 to 1, below a chance so often as it says."""
        return self.random(kind).random()

    def random(self, kind: str) -> Random:
        """A source for everything about the next one."""
        with self._lock:
            self._rolled[kind] += 1
            number = self._rolled[kind]
        return Random(f"{self._seed}/{kind}/{number}")  # noqa: S311 (faults, not secrets)


class Clock:
    """The provider's time, which may go faster than ours and be put forward."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        self._speed = speed
        self._start = start or datetime.now(UTC)
        self._began = time.monotonic()
        self._ahead = 0.0

    def now(self) -> datetime:
        """What time the provider has."""
        passed = (time.monotonic() - self._began) * self._speed
        return self._start + timedelta(seconds=passed + self._ahead)

    def put_forward(self, seconds: float) -> None:
        """Let so much of the provider's time pass at once."""
        self._ahead += seconds

    def wait_for(self, moment: datetime) -> float:
        """Our seconds until the provider has that time; 0 when it is past."""
        return max(0.0, (moment - self.now()).total_seconds() / self._speed)


LONGEST_NAP: Final = 0.05
"""Our seconds after which a waiting thread looks again, should the clock be put forward."""
