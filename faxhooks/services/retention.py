"""Raw callbacks are kept for a while; what they said stays in the faxes' histories."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from faxhooks.db import inbox
from faxhooks.db.engine import Database

BATCH: Final = 1000


def count_old(database: Database, before: datetime, *, unread: bool = False) -> int:
    """How many callbacks `purge` would delete."""
    return database.read(lambda session: inbox.count_old(session, before, unread=unread))


def purge(database: Database, before: datetime, *, unread: bool = False) -> Iterator[int]:
    """Delete callbacks that arrived before this time; yields how many after each commit.

    Small transactions let callbacks in between them. Those that nobody understood are all
    there is of what they say, so they stay unless `unread`.
    """
    while gone := database.write(
        lambda session: inbox.delete_old(session, before, unread=unread, limit=BATCH)
    ):
        yield gone
