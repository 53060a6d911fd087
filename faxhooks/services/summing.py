"""What was noted of faxes that changed is added to the sums that statistics are made of."""

from collections.abc import Mapping
from threading import Event
from typing import Final

from faxhooks.db.engine import Database
from faxhooks.db.rollups import add_up, start_over
from faxhooks.domain.errors import UnavailableError

_COUNTING: Final = 3600.0
"""Seconds that counting all faxes may take."""


class Summing:
    """Several may run at once: one of them adds up, and the others do nothing meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, stopping: Event) -> Mapping[str, int]:
        """Add up all there is, a little at a time; answers are right in between as well."""
        noted = 0
        while not stopping.is_set():
            more = self._database.write(add_up)
            if not more:
                break
            noted += more
        return {"noted": noted}

    def start_over(self) -> int:
        """Forget all sums and count every fax anew; how many notes that took. Raises
        UnavailableError while another process adds up.
        """
        if not self._database.write(start_over, seconds=_COUNTING):
            raise UnavailableError("another process adds up just now; try again")
        return self.run(Event())["noted"]
