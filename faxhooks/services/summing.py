"""What was noted of faxes that changed is added to the sums that statistics are made of."""

from collections.abc import Mapping
from threading import Event

from faxhooks.db.engine import Database
from faxhooks.db.rollups import add_up


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
