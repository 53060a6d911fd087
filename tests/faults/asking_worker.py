"""A worker that does nothing but ask, as a process of its own: to be killed by R11.

Its leases are short, it asks about each fax alone, and its clock is ahead by so many seconds.
"""

import os
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event

from faxhooks.app import compose_parts
from faxhooks.domain.errors import UnavailableError
from faxhooks.services.reconciling import Habits, Reconciler
from tests.asked import Time
from tests.faults import variants
from tests.story import settings_for

HABITS = Habits(lease=timedelta(seconds=6), spare=timedelta(seconds=3), many=1_000_000)


def main(database_url: str, ahead: str, folder: str, variant: str) -> None:
    """Pass after pass, until it is killed; a file of its number says that it has begun."""
    clock = Time(timedelta(seconds=float(ahead)))
    with variants.applied(variant or None):
        parts = compose_parts(settings_for(database_url))
        reconciler = Reconciler(parts, clock.now, HABITS)
        Path(folder, str(os.getpid())).touch()
        while True:
            with suppress(UnavailableError):
                reconciler.run(Event())
            time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
