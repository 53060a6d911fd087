"""A signal is heard, whenever it comes."""

import os
import signal
import threading
import time
from queue import SimpleQueue

from faxhooks.worker.running import hear


def test_a_signal_that_does_not_interrupt_the_wait_is_heard_all_the_same() -> None:
    """As one that comes just before the wait begins: here another thread is interrupted by it."""
    words: SimpleQueue[int] = SimpleQueue()
    before = signal.signal(signal.SIGUSR1, lambda number, _: words.put(number))

    def kill() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0.5)

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    killer = threading.Thread(target=kill)
    killer.start()
    # Should it not be heard, there is a word that ends the wait.
    giving_up = threading.Timer(3, words.put, [0])
    giving_up.start()
    try:
        assert hear(words) == signal.SIGUSR1
    finally:
        giving_up.cancel()
        killer.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGUSR1, before)
