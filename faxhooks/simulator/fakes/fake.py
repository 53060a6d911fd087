"""What every fake provider has: its time, its faults, its callbacks, and its routes."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Self

from faxhooks.simulator.fakes.behaviour import WELL, Behaviour, Clock, Dice
from faxhooks.simulator.fakes.postman import Postman
from faxhooks.simulator.fakes.serving import Asked, Told, serving
from faxhooks.simulator.story import Secrets

Answer = Callable[[Asked, re.Match[str]], Told]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was made of a fake: when, by our monotonic clock, and what it said."""

    at: float
    method: str
    path: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """When a fax came or will come into a state, which is named by the provider's word."""

    at: datetime
    word: str


@dataclass(slots=True)
class Life:
    """The states a fax goes through, unless it is ended sooner."""

    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, start: datetime, states: Sequence[tuple[str, float]], end: str) -> "Life":
        """From now on, each state for so many seconds, and at last the end."""
        steps = []
        for word, seconds in states:
            steps.append(Step(start, word))
            start += timedelta(seconds=seconds)
        return cls([*steps, Step(start, end)])

    def step(self, now: datetime) -> Step:
        """Where it stands now."""
        return [each for each in self.steps if each.at <= now or each is self.steps[0]][-1]

    def is_over(self, now: datetime) -> bool:
        """Whether no other state will follow."""
        return self.step(now) is self.steps[-1]

    def end(self, now: datetime, word: str) -> Step:
        """End it now; what would have followed never happens."""
        last = Step(now, word)
        self.steps = [*(each for each in self.steps if each.at <= now), last]
        return last


class Fake:
    """A provider that behaves as its documentation says, and misbehaves as it is told.

    `behaviour` may be set anew at any time, but for its speed and seed. `calls` are the
    requests made of it; `sent` counts the answers to its callbacks, which go to `calls_at` in
    place of the origin that they are signed for.
    """

    title: str
    secrets: Secrets
    url: str
    """Its origin, while it serves."""

    def __init__(
        self,
        behaviour: Behaviour = WELL,
        calls_at: str | None = None,
        start: datetime | None = None,
    ) -> None:
        self.clock = Clock(behaviour.speed, start)
        self.dice = Dice(behaviour.seed)
        self.calls: list[Call] = []
        self.lock = threading.RLock()
        self.postman = Postman(self.clock, self.dice, calls_at)
        self.behaviour = behaviour

    @property
    def behaviour(self) -> Behaviour:
        """How it misbehaves just now."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._behaviour = self.postman.behaviour = behaviour

    @property
    def sent(self) -> Mapping[str, int]:
        """How often its callbacks were answered how; `dropped` ones were never sent."""
        return dict(self.postman.sent)

    @property
    def options(self) -> Mapping[str, str]:
        """The account's options that lead a client here, while it serves."""
        raise NotImplementedError

    @property
    def routes(self) -> Sequence[tuple[str, str, Answer]]:
        """Each with its method, the pattern of its whole path, and what answers it."""
        raise NotImplementedError

    def is_let_in(self, asked: Asked) -> bool:
        """Whether it shows the credentials."""
        raise NotImplementedError

    def unauthorized(self) -> Told:
        """How the provider says that it does not know who asks."""
        raise NotImplementedError

    def not_found(self) -> Told:
        """How the provider says that there is no such thing."""
        raise NotImplementedError

    def malformed(self) -> Told:
        """How the provider says that it cannot read a request."""
        raise NotImplementedError

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[Self]:
        """Let it be asked, at `url`, and send its callbacks, for a while."""
        with serving(self, port) as self.url:
            self.postman.start()
            try:
                yield self
            finally:
                self.postman.stop()

    def answer(self, asked: Asked) -> Told:
        """What the provider says to that."""
        with self.lock:
            for method, pattern, answer in self.routes:
                match = re.fullmatch(pattern, asked.path)
                if method == asked.method and match:
                    return self._answer(answer, asked, match)
            return self.not_found()

    def _answer(self, answer: Answer, asked: Asked, match: re.Match[str]) -> Told:
        if not self.is_let_in(asked):
            return self.unauthorized()
        try:
            return answer(asked, match)
        except ValueError:  # Of a number, a time or JSON that is none.
            return self.malformed()

    def throttled(self) -> Told:
        """How the provider says that it is asked too often."""
        raise NotImplementedError

    def note(self, asked: Asked, status: int | None) -> None:
        """Remember that it was asked and what it said; None when it said nothing."""
        with self.lock:
            self.calls.append(Call(time.monotonic(), asked.method, asked.path, status))

    def outcome(self, random: Random, otherwise: str) -> str:
        """The word in which the next fax ends."""
        weights = self.behaviour.outcomes
        if not weights:
            return otherwise
        return random.choices(list(weights), list(weights.values()))[0]
