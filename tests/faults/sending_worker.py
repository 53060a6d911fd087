"""Workers that do nothing but send, each a process of its own: to be killed by R12.

They are forked from one that has read all the code, since to begin takes longer than they live.
Their claims run out soon, and what is in doubt is looked for soon, since the fake's list is at once
what it should be.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from datetime import timedelta
from threading import Event
from typing import NoReturn

from faxhooks.app import compose_parts
from faxhooks.domain.errors import UnavailableError
from faxhooks.logs import configure
from faxhooks.services.sending import Dispatcher
from faxhooks.services.tracing import Habits
from tests.faults import variants
from tests.story import settings_for

HABITS = Habits(
    lease=timedelta(seconds=8), settling=timedelta(seconds=1), backoff=timedelta(seconds=0.2)
)


def main(database_url: str, variant: str) -> None:
    """Start a worker for each line that comes in, and say its number; end with the input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for those that are killed.
    for _ in sys.stdin:
        number = os.fork()
        if not number:
            work(database_url, variant)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def work(database_url: str, variant: str) -> NoReturn:
    """Pass after pass, until it is killed."""
    configure("warning", sys.stderr)
    with variants.applied(variant or None):
        dispatcher = Dispatcher(compose_parts(settings_for(database_url)), habits=HABITS)
        while True:
            with suppress(UnavailableError):
                dispatcher.run(Event())
            time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
