"""Loops as a process: started, and ended by a signal within a second."""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

import structlog

from faxhooks.worker.loop import Loop

log = structlog.get_logger()

T = TypeVar("T")

_LOOK_SECONDS: Final = 0.2

GRACE: Final = 0.7
"""Seconds a pass has to come to an end; what it has not committed then is as if never begun."""


def run(*loops: Loop) -> None:
    """Run until SIGTERM or SIGINT; raises what ended one of the loops otherwise.

    Each loop has a thread of its own, so that none waits for another, and even a database or a
    provider that hangs cannot delay the end.
    """
    stopping = threading.Event()
    # Putting into this queue is safe in a signal handler; setting an event is not.
    wanted: SimpleQueue[str] = SimpleQueue()
    with _signals(wanted.put):
        log.info("worker_started")
        running = [_start(loop, stopping) for loop in loops]
        for ended in running:
            ended.add_done_callback(lambda _: wanted.put("a loop ended"))
        why = hear(wanted)
        stopping.set()
        until = time.monotonic() + GRACE
        for ended in running:
            _join(ended, until)
        log.info("worker_stopped", why=why)


def hear(words: SimpleQueue[T]) -> T:
    """The next word that a signal's handler, or a thread, puts there.

    The interpreter minds signals before it begins to wait and not again while it does, unless the
    wait itself is interrupted: one that comes in between would never be heard. So it looks up.
    """
    while True:
        with suppress(Empty):
            return words.get(timeout=_LOOK_SECONDS)


def start(loops: Iterable[Loop], stopping: threading.Event) -> None:
    """Run them beside something else, which says when they are to stop."""
    for loop in loops:
        _start(loop, stopping)


def _start(loop: Loop, stopping: threading.Event) -> Future[None]:
    ended = Future[None]()

    def work() -> None:
        try:
            loop.run(stopping)
        except BaseException as error:  # noqa: BLE001 (whoever waits for it raises it again)
            ended.set_exception(error)
        else:
            ended.set_result(None)

    threading.Thread(target=work, name="worker", daemon=True).start()
    return ended


def _join(ended: Future[None], until: float) -> None:
    try:
        ended.result(timeout=max(0.0, until - time.monotonic()))
    except TimeoutError:
        log.warning("worker_left_a_pass", seconds=GRACE)


@contextmanager
def _signals(note: Callable[[str], None]) -> Iterator[None]:
    """Let SIGTERM and SIGINT call `note` with their name, and nothing else, for a while."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {
        number: signal.signal(number, lambda got, _: note(signal.Signals(got).name))
        for number in numbers
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
