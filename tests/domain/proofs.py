"""What must hold of a fold, checked for any fold, so that broken ones can be shown to fail."""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, permutations
from operator import attrgetter
from typing import Any

from faxhooks.domain.fax import FaxEvent, FaxState
from tests.domain.plain_rules import plain_fold

Fold = Callable[[Iterable[FaxEvent]], FaxState]
Check = Callable[[Fold, Any], int]

ARRIVAL = {"created_at", "updated_at", "started_at", "finished_at"}
lasting = attrgetter(*(name for name in FaxState._fields if name not in ARRIVAL))
"""All of a state but the times, which are ours where the provider gives none."""


def check_every_order(fold: Fold, events: Sequence[FaxEvent]) -> int:
    """Every order gives what the plain rules give; returns how many orders there were."""
    expected = plain_fold(events)
    orders = 0
    for order in permutations(events):
        assert fold(order) == expected
        orders += 1
    return orders


def check_every_arrival(fold: Fold, stamped: Sequence[Sequence[FaxEvent]]) -> int:
    """The same, when the order is that of arrival: `stamped[i][n]` is fact i arriving n-th."""
    expected = lasting(plain_fold(facts[0] for facts in stamped))
    orders = 0
    for order in permutations(stamped):
        assert lasting(fold([facts[n] for n, facts in enumerate(order)])) == expected
        orders += 1
    return orders


def check_every_set(check: Check, fold: Fold, kinds: Sequence[Any], size: int) -> int:
    """One of the two checks above for every set of this size; how many orders there were."""
    return sum(check(fold, some) for some in combinations(kinds, size))


def check_repetition(fold: Fold, events: Sequence[FaxEvent], again: Sequence[FaxEvent]) -> None:
    """Facts that come again, in any number, change nothing."""
    assert fold([*events, *again]) == fold(events)
    assert fold([*again, *events]) == fold(events)


def check_grouping(fold: Fold, left: Sequence[FaxEvent], right: Sequence[FaxEvent]) -> None:
    """However the facts are split into groups, overlapping or not, their union is one fax."""
    whole = fold([*left, *right])
    assert whole == fold([*right, *left])
    assert whole == fold([*right, *left, *right])
    assert whole == plain_fold([*left, *right])
