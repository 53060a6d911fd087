"""A worker that does nothing but send, as a process of its own: to be killed by R12.

Its claims run out soon, and what is in doubt is looked for soon, since the fake's list is at once
what it should be.
"""

import sys
import time
from contextlib import suppress
from datetime import timedelta
from threading import Event

from faxhooks.app import compose_parts
from faxhooks.domain.errors import UnavailableError
from faxhooks.logs import configure
from faxhooks.services.sending import Dispatcher, Habits
from tests.faults import variants
from tests.story import settings_for

HABITS = Habits(
    lease=timedelta(seconds=8), settling=timedelta(seconds=1), backoff=timedelta(seconds=0.2)
)


def main(database_url: str, variant: str) -> None:
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
