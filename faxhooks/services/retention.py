"""Raw callbacks are kept for a while; what they said stays in the faxes' histories."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from faxhooks.db import inbox
from faxhooks.db.engine import Database
from faxhooks.services.auditing import Action, note

BATCH: Final = 1000


def count_old(database: Database, before: datetime, *, unread: bool = False) -> int:
    """How many callbacks `purge` would delete."""
    return database.read(lambda session: inbox.count_old(session, before, unread=unread))


def purge(
    database: Database, before: datetime, *, actor: str, unread: bool = False
) -> Iterator[int]:
    """Delete callbacks that arrived before this time; yields how many after each commit.
    Each is audited as the doing of `actor`.

    Small transactions let callbacks in between them. Those that nobody understood are all
    there is of what they say, so they stay unless `unread`.
    """

    def delete(session: Session) -> int:
        gone = inbox.delete_old(session, before, unread=unread, limit=BATCH)
        if gone:
            said = {"before": before.isoformat(), "unrecognized": unread, "callbacks": gone}
            note(session, actor, Action.CALLBACKS_PURGED, "callbacks", **said)
        return gone

    while gone := database.write(delete):
        yield gone
