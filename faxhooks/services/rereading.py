"""Callbacks that nobody understood are read again: all of them, or those worth a try."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from faxhooks.db import inbox
from faxhooks.db.engine import Database
from faxhooks.db.inbox import Unread, UnreadFilter
from faxhooks.domain.errors import UnavailableError
from faxhooks.services.replaying import Replayer
from faxhooks.services.settling import Replayed

log = structlog.get_logger()

INTERNAL = "internal: "
"""How the reason begins where not the callback was at fault but we were."""

PAGE = 500


@dataclass(slots=True)
class Rereading:
    """What came of reading callbacks again: how many are understood now, and why not."""

    read: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def unread(self) -> int:
        """How many are still not understood."""
        return sum(self.reasons.values())

    def add(self, reason: str | None) -> None:
        """Count one more, with the reason why it is still unread, if it is."""
        if reason is None:
            self.read += 1
        else:
            self.reasons[reason] += 1


def list_unread(database: Database, wanted: UnreadFilter) -> Iterator[Unread]:
    """What `inbox.list_unread` finds, page after page, each in a transaction of its own."""
    after: Unread | None = None
    while page := _page(database, wanted, after):
        yield from page
        after = page[-1]


def _page(database: Database, wanted: UnreadFilter, after: Unread | None) -> list[Unread]:
    return database.read(
        lambda session: inbox.list_unread(session, wanted, after=after, limit=PAGE)
    )


def reread(
    replayer: Replayer,
    callbacks: Iterable[Unread],
    stopping: Callable[[], bool] = lambda: False,
) -> Rereading:
    """Replay these, one by one, until `stopping`; one that breaks us does not end the rest.

    Raises UnavailableError when the database goes away; what was read until then stays.
    """
    came_to = Rereading()
    for callback in callbacks:
        if stopping():
            break
        came_to.add(_reason(replayer, callback.id))
    return came_to


def _reason(replayer: Replayer, callback_id: UUID) -> str | None:
    try:
        replayed: Replayed = replayer.replay(callback_id)
    except UnavailableError:
        raise
    except Exception as error:
        log.exception("callback_not_replayed", callback_id=str(callback_id))
        return f"{INTERNAL}{type(error).__name__}"
    return replayed.reason
