"""Whether faxes were sent of which nobody knows: the provider's own list is searched for them.

A list is read once for all that are looked for, since it may hold thousands of others.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faxhooks.domain.fax import Direction, FaxEvent, Number
from faxhooks.providers.asking import Client, Sighting, StrangeAnswerError

CLOCKS: Final = timedelta(minutes=2)
"""By how much the provider's clock may be behind ours, or its list answers nothing."""

AHEAD: Final = timedelta(days=1)
"""By how much it may be ahead: of faxes yet to come none is in the list, so this costs nothing,
and a fax that the list is not asked for would be sent twice."""

MOST_PAGES: Final = 200
"""Pages of one list; the faxes of an hour fill a few."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fax that is looked for: to that number, not before then, and from that one where it is
    known.
    """

    to: str
    sender: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What the search for one fax came to.

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


def find_sent(client: Client, wanted: Sequence[Wanted], now: datetime) -> list[Found]:
    """What the provider's list has of each of these, at least one, since the earliest of them.

    Raises ProviderError when the list cannot be had to its end; that answers nothing.
    """
    by_number = defaultdict[str, list[int]](list)
    for place, each in enumerate(wanted):
        for name in _names(each.to):
            by_number[name].append(place)
    matches: list[list[Sighting]] = [[] for _ in wanted]
    unread = 0
    for sighting in _listed(client, min(each.since for each in wanted), now):
        unread += not sighting.events
        places = {place for event in sighting.events for place in _places(event, by_number, wanted)}
        for place in places:
            matches[place].append(sighting)
    return [Found(tuple(each), unread) for each in matches]


def _listed(client: Client, since: datetime, now: datetime) -> Iterator[Sighting]:
    cursor = None
    for _ in range(MOST_PAGES):
        page = client.list_faxes(since - CLOCKS, now + AHEAD, cursor)
        if page.behind > CLOCKS:
            raise StrangeAnswerError(
                f"the provider's clock is {page.behind.total_seconds():.0f} s behind ours, so that "
                "its list may leave out the fax; set the clock of this machine"
            )
        yield from page.sightings
        cursor = page.next
        if cursor is None:
            return
    raise StrangeAnswerError("the provider's list does not end; look for the fax by hand")


def _places(
    event: FaxEvent, by_number: Mapping[str, Sequence[int]], wanted: Sequence[Wanted]
) -> Iterator[int]:
    """Which of those that are looked for it may be; where a record leaves out an end, any."""
    if event.direction is Direction.INBOUND:
        return
    to = event.recipient
    known = range(len(wanted)) if to is None else _at(by_number, to)
    for place in known:
        sender = wanted[place].sender
        if sender is None or _same(event.sender, sender):
            yield place


def _at(by_number: Mapping[str, Sequence[int]], end: Number) -> set[int]:
    names = {end.raw, *_names(end.value)}
    return {place for name in names for place in by_number.get(name, ())}


def _same(end: Number | None, wanted: str) -> bool:
    return end is None or not _names(wanted).isdisjoint({end.raw, *_names(end.value)})


def _names(number: str) -> set[str]:
    """By these it is compared: by its digits too, since lists write numbers in several ways."""
    digits = "".join(char for char in number if char.isdigit())
    return {number, digits} if digits else {number}
