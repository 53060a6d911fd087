"""A loop as a process: started, and ended by a signal within a second."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Final

import structlog

from faxhooks.worker.loop import Loop

log = structlog.get_logger()

GRACE: Final = 0.7
"""Seconds a pass has to come to an end; what it has not committed then is as if never begun."""


def run(loop: Loop) -> None:
    """Run until SIGTERM or SIGINT; raises what ended the loop otherwise.

    The loop has a thread of its own, so that even a database that hangs cannot delay the end.
    """
    stopping, ended = threading.Event(), Future[None]()
    # Putting into this queue is safe in a signal handler; setting an event is not.
    wanted: SimpleQueue[str] = SimpleQueue()
    ended.add_done_callback(lambda _: wanted.put("the loop ended"))

    def work() -> None:
        try:
            loop.run(stopping)
        except BaseException as error:  # noqa: BLE001 (the main thread raises it again)
            ended.set_exception(error)
        else:
            ended.set_result(None)

    with _signals(wanted.put):
        log.info("worker_started")
        threading.Thread(target=work, name="worker", daemon=True).start()
        why = wanted.get()
        stopping.set()
        try:
            ended.result(timeout=GRACE)
        except TimeoutError:
            log.warning("worker_left_a_pass", seconds=GRACE)
        log.info("worker_stopped", why=why)


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
