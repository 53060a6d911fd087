"""Whether a fax was sent of which nobody knows: the provider's own list is searched for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faxhooks.domain.fax import Direction, FaxEvent, Number
from faxhooks.providers.asking import Client, Sighting, StrangeAnswerError

CLOCKS: Final = timedelta(minutes=2)
"""By how much the provider's clock may differ from ours."""

MOST_PAGES: Final = 200
"""Pages of one list; the faxes of an hour fill a few."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to, of all faxes since then.

    `sightings` are the faxes from there to there, in the order of the list: the one that is
    looked for, and perhaps others that are known already. `unread` counts records that could
    not be read, any of which might be it.
    """

    sightings: tuple[Sighting, ...] = ()
    unread: int = 0

    @property
    def is_negative(self) -> bool:
        """Whether it is certain that no such fax is in the list."""
        return not self.sightings and not self.unread


def find_sent(client: Client, to: str, sender: str | None, since: datetime, now: datetime) -> Found:
    """The faxes sent to that number since then, and from that one where both are known.

    Raises ProviderError when the list cannot be had to its end; that answers nothing.
    """
    sightings, unread, cursor = [], 0, None
    for _ in range(MOST_PAGES):
        page = client.list_faxes(since - CLOCKS, now + CLOCKS, cursor)
        for sighting in page.sightings:
            unread += not sighting.events
            if any(_is_it(event, to, sender) for event in sighting.events):
                sightings.append(sighting)
        cursor = page.next
        if cursor is None:
            return Found(tuple(sightings), unread)
    raise StrangeAnswerError("the provider's list does not end; look for the fax by hand")


def _is_it(event: FaxEvent, to: str, sender: str | None) -> bool:
    """Where a record leaves out an end, it may be it."""
    if event.direction is Direction.INBOUND:
        return False
    return _same(event.recipient, to) and (sender is None or _same(event.sender, sender))


def _same(end: Number | None, wanted: str) -> bool:
    """Compared by its digits, since lists write numbers in several ways."""
    return end is None or wanted in (end.value, end.raw) or _digits(end.value) == _digits(wanted)


def _digits(number: str) -> str:
    return "".join(char for char in number if char.isdigit()) or number
