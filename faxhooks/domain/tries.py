"""Our own tries at one fax: which of its events speak of which.

A provider's own attempts are told apart by `FaxEvent.attempt`; these are the times that we handed
the fax over. An event that begins a further one states its ordinal in `FaxEvent.begins`, and its
main reference is a new id of ours. What names that id, or an id that was named together with it,
speaks of that try; all else speaks of the first. So it does not matter what arrives when.
"""

from collections.abc import Iterable, Mapping, Sequence

from faxhooks.domain.fax import FaxEvent

FIRST = 1


def split(events: Sequence[FaxEvent]) -> Mapping[int, list[FaxEvent]]:
    """The events of each try, by its ordinal; in the order in which they were given."""
    tries = try_of_ids(events)
    found: dict[int, list[FaxEvent]] = {}
    for event in events:
        found.setdefault(event.begins or _try_of(event, tries), []).append(event)
    return found


def try_of_ids(events: Iterable[FaxEvent]) -> Mapping[str, int]:
    """The try that each identifying id is of; should one be of two, the later."""
    groups: dict[str, set[str]] = {}
    begun: dict[str, int] = {}
    for event in events:
        ids = [each.id for each in event.references if not each.shared]
        if event.begins:
            # What else it names is where it is found by, and of an earlier try.
            begun[ids[0]] = max(event.begins, begun.get(ids[0], FIRST))
            ids = ids[:1]
        together = set(ids).union(*(groups.get(each, ()) for each in ids))
        groups.update(dict.fromkeys(together, together))
    return {
        each: max((begun.get(other, FIRST) for other in together), default=FIRST)
        for each, together in groups.items()
    }


def _try_of(event: FaxEvent, tries: Mapping[str, int]) -> int:
    return max((tries.get(each.id, FIRST) for each in event.references), default=FIRST)
