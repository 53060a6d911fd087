"""A provider's lists are read, and what faxhooks does not know yet is taken in.

That finds the faxes of which no callback ever came, and answers for many faxes with one
request. To read the same again changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import polls
from faxhooks.db.askings import add_asking
from faxhooks.db.engine import READ_DEADLINE, Database
from faxhooks.db.models import FaxRow
from faxhooks.domain.fax import UNSURE, Evidence, FaxEvent, FaxStatus
from faxhooks.providers.asking import Client, Page, ProviderError, Sighting
from faxhooks.services.budgeting import note_calls, reserve
from faxhooks.services.desks import Clock
from faxhooks.services.enrolling import due_of
from faxhooks.services.heeding import Desk, end_in_time, word_of
from faxhooks.services.sightings import as_delivery, find_known, take_in

AHEAD: Final = timedelta(hours=1)
"""A provider's clock may be so much ahead of ours, and a fax be made there after now."""

_LOOK_SECONDS: Final = 0.2
_TRIES: Final = 5
"""How often a page is asked for, one after the other."""

Sleep = Callable[[float], bool]
"""Waits so many seconds; True when there is no more time."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a page came to: faxes listed, those never heard of before, those that said more
    than was known, and answers that could not be read.
    """

    listed: int = 0
    new: int = 0
    changed: int = 0
    unread: int = 0

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(
            self.listed + other.listed,
            self.new + other.new,
            self.changed + other.changed,
            self.unread + other.unread,
        )


class Sweeper:
    """Reads lists page by page, each page one request and one commit."""

    def __init__(self, database: Database, clock: Clock, sleep: Sleep) -> None:
        self._database = database
        self._clock = clock
        self._sleep = sleep

    def sweep(
        self, desk: Desk, client: Client, since: datetime, until: datetime
    ) -> Iterator[Swept]:
        """Take in the faxes that were made in that time, and those on their way.

        A page that failed is asked for again where that may help, a few times. Raises
        ProviderError, after which what was read so far stays; ends early when `sleep` says that
        there is no more time.
        """
        cursor, failures = None, 0
        while self._may_ask(desk):
            try:
                page = self._ask(desk, client, since, until, cursor)
            except ProviderError as error:
                failures += 1
                if not error.again or failures >= _TRIES:
                    raise
                continue
            yield self._keep(desk, page)
            cursor, failures = page.next, 0
            if cursor is None:
                return

    def _keep(self, desk: Desk, page: Page) -> Swept:
        return self._database.write(lambda session: self._take(session, desk, page), READ_DEADLINE)

    def _may_ask(self, desk: Desk) -> bool:
        """Wait for the budget, and for a provider that wants to be left alone."""
        while not self._database.write(lambda session: self._reserve(session, desk)):
            if self._sleep(_LOOK_SECONDS):
                return False
        return True

    def _reserve(self, session: Session, desk: Desk) -> bool:
        now = self._clock()
        add_asking(session, desk.account_id, now, now)
        return reserve(session, desk.account_id, desk.pace, 1, now) > 0

    def _ask(
        self, desk: Desk, client: Client, since: datetime, until: datetime, cursor: str | None
    ) -> Page:
        before, error = client.calls, None
        try:
            return client.list_faxes(since, until, cursor)
        except ProviderError as raised:
            error = raised
            raise
        finally:
            calls = client.calls - before
            self._database.write(
                lambda session: note_calls(
                    session,
                    desk.account_id,
                    calls=calls,
                    reserved=1,
                    error=error,
                    now=self._clock(),
                )
            )

    def _take(self, session: Session, desk: Desk, page: Page) -> Swept:
        """Record what is news, and note of all others that they were asked about."""
        now, sightings = self._clock(), _distinct(page.sightings)
        known = find_known(session, [as_delivery(desk.entrance, each) for each in sightings])
        rows = _rows(session, known)
        polls.lock_polls(session, list(rows))
        rows = _rows(session, known)
        news = [
            each
            for each, fax_id in zip(sightings, known, strict=True)
            if not each.events or is_news(rows.get(fax_id) if fax_id else None, each.events[0])
        ]
        take_in(session, desk.entrance, news, desk.release)
        faxes = find_known(session, [as_delivery(desk.entrance, each) for each in sightings])
        _note(session, desk, sightings, faxes, now)
        new = len({fax_id for fax_id in faxes if fax_id} - set(rows))
        unread = sum(not each.events for each in sightings)
        return Swept(len(sightings), new, len(news) - new - unread, unread)


def is_news(row: FaxRow | None, event: FaxEvent) -> bool:
    """Whether an entry of a list says more than is known: not of an end that is known by a
    signature or by asking, has its price or none in the list either, and is the same.
    """
    if row is None or row.merged_into is not None:
        return True
    status = FaxStatus(row.status)
    sure = row.evidence in (Evidence.SIGNED, Evidence.CONFIRMED) and not row.flags & UNSURE
    if not (status.is_final and sure):
        return True
    differs = event.status is not None and event.status.is_final and event.status is not status
    return differs or (event.cost is not None and row.cost_amount is None)


def _note(
    session: Session,
    desk: Desk,
    sightings: Sequence[Sighting],
    faxes: Sequence[UUID | None],
    now: datetime,
) -> None:
    """The list was an answer about each of these faxes."""
    words = {fax: word_of(each) for each, fax in zip(sightings, faxes, strict=True) if fax}
    polls.add_polls(session, dict.fromkeys(words, desk.account_id))
    for fax_id, poll in polls.lock_polls(session, list(words)).items():
        row = end_in_time(session, desk, fax_id, now)
        poll.asked_at, poll.tries, poll.failures = now, poll.tries + 1, 0
        poll.answer, poll.error = words[fax_id], None
        poll.due_at = due_of(row, poll, desk.terms, now)


def _rows(session: Session, known: Sequence[UUID | None]) -> dict[UUID, FaxRow]:
    return {row.id: row for row in polls.list_rows(session, {each for each in known if each})}


def _distinct(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Each answer once, should a list repeat itself."""
    return list({sighting.digest: sighting for sighting in sightings}.values())
