"""A provider that signs its callbacks, tries again what was not taken, and keeps a ledger."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

import requests

from faxhooks.simulator.scenarios import SCENARIOS, Load, tell_many
from faxhooks.simulator.story import Customer, Prepared
from tests.faults.ledger import Ledger
from tests.running.gunicorns import Network
from tests.story import target

T = TypeVar("T")

READ_TIMEOUT: Final = 5.0
"""Seconds that SignalWire waits for an answer."""

STORIES: Final = (
    ("signalwire", "delivered"),
    ("signalwire", "busy"),
    ("signalwire", "conflict"),
    ("signalwire", "canceled"),
    ("signalwire", "received"),
    ("signalwire", "delivered-by-get"),
    ("faxplus", "success"),
    ("faxplus", "retry-then-success"),
)
"""Eight faxes in 22 callbacks: both providers, all kinds of ends, and a contradiction."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is tried, None for ever, and the seconds from one to the next."""

    tries: int | None
    pause: float


AS_SIGNALWIRE: Final = Patience(tries=3, pause=7.0)
"""Three tries, over within about 15 seconds."""
ONCE: Final = Patience(tries=1, pause=0.0)
FOR_EVER: Final = Patience(tries=None, pause=0.2)


class Provider:
    """Sends callbacks to the service on this port until each is taken or patience ends."""

    def __init__(self, port: int, ledger: Ledger, patience: Patience = FOR_EVER) -> None:
        self._network = Network(port, READ_TIMEOUT)
        self._ledger = ledger
        self._patience = patience
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Send nothing more; `tell` returns soon."""
        self._stopped.set()

    def tell(
        self,
        callbacks: Sequence[Prepared],
        *,
        clients: int,
        seconds: float,
        rate: float | None = None,
    ) -> None:
        """Send all of them from so many clients at once, in their order, and give up after so
        many seconds. With a `rate`, so many of them begin in each second.

        A callback's number in the ledger is its place in the list.
        """
        timer = threading.Timer(seconds, self.stop)
        timer.start()
        began = time.monotonic()

        def tell_one(numbered: tuple[int, Prepared]) -> None:
            number, callback = numbered
            if rate is not None:
                self._stopped.wait(max(0.0, began + number / rate - time.monotonic()))
            self._persist(number, callback)

        try:
            with ThreadPoolExecutor(clients) as pool:
                for _ in pool.map(tell_one, enumerate(callbacks)):
                    pass
        finally:
            timer.cancel()

    def _persist(self, number: int, callback: Prepared) -> None:
        tries = 0
        while not self._stopped.is_set() and tries != self._patience.tries:
            if self._try(number, callback):
                return
            tries += 1
            if tries != self._patience.tries:
                self._stopped.wait(self._patience.pause)

    def _try(self, number: int, callback: Prepared) -> bool:
        """Send it once; whether it was taken."""
        began = self._ledger.send(number)
        try:
            answer = self._network.send(
                callback.method, target(callback.url), callback.headers, callback.body
            )
        except requests.Timeout:
            return self._ledger.end(number, began, "timeout")
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return self._ledger.end(number, began, "disconnected")
        after = answer.headers.get("Retry-After")
        return self._ledger.end(number, began, str(answer.status_code), after)


@contextmanager
def meanwhile(
    provider: Provider, work: Callable[[], T], ended: threading.Event | None = None
) -> Iterator["Future[T]"]:
    """Do this while the block does something else, and wait for it at the block's end, when
    `ended` is set. Should it fail, the provider sends nothing more, and its error is raised.
    """
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(work)
        doing.add_done_callback(lambda done: provider.stop() if done.exception() else None)
        try:
            yield doing
        finally:
            if ended is not None:
                ended.set()
        doing.result()


def stories(customers: Mapping[str, Customer], count: int, random: Random) -> list[Prepared]:
    """So many different callbacks of many faxes, mixed; each fax has all of its own but one at
    most.
    """
    each = 1 + count * len(STORIES) // 22
    told = [
        callback
        for provider, name in STORIES
        for story in tell_many(
            SCENARIOS[provider][name],
            customers[provider],
            Load(count=1 + each // len(STORIES), seed=random.getrandbits(32)),
        )
        for callback in story
    ]
    random.shuffle(told)
    return told[:count]


def with_repeats(callbacks: Sequence[Prepared], share: float, random: Random) -> list[Prepared]:
    """All of these mixed with a share of them that comes twice."""
    more = [*callbacks, *random.sample(callbacks, round(len(callbacks) * share))]
    random.shuffle(more)
    return more
