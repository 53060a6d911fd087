"""Which stories there are, by provider, and how one is told, or many."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from types import MappingProxyType
from typing import Final

from faxhooks.domain.errors import NotFoundError
from faxhooks.simulator import faxplus, signalwire
from faxhooks.simulator.story import Clock, Customer, Prepared, Scenario, Stage

SCENARIOS: Final[Mapping[str, Mapping[str, Scenario]]] = MappingProxyType(
    {
        "signalwire": MappingProxyType({each.name: each for each in signalwire.SCENARIOS}),
        "faxplus": MappingProxyType({each.name: each for each in faxplus.SCENARIOS}),
    }
)
"""By provider and name, in the order in which people are shown them."""


def get_scenario(provider: str, name: str) -> Scenario:
    """The scenario of that name. Raises NotFoundError, which lists the names there are."""
    found = SCENARIOS.get(provider, {})
    if name not in found:
        raise NotFoundError(f"no such scenario; {provider} has {', '.join(found) or 'none'}")
    return found[name]


def now() -> datetime:
    """The time in UTC, as the clock of a story."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Load:
    """How many faxes to tell of; each callback comes `repeat` times.

    The same `seed` gives the same ids and numbers. With `shuffle` the callbacks of all faxes
    are mixed, which holds them in memory, about a kilobyte for each.
    """

    count: int = 1
    repeat: int = 1
    shuffle: bool = False
    seed: int = 0


def tell(
    scenario: Scenario, customer: Customer, random: Random, clock: Clock = now
) -> list[Prepared]:
    """The callbacks of one fax in the order of the story, signed as the provider would.

    They depend on nothing but what is given here.
    """
    return scenario.tell(Stage.of(customer, random, clock()))


def tell_many(
    scenario: Scenario, customer: Customer, load: Load, clock: Clock = now
) -> Iterator[list[Prepared]]:
    """Stretches of callbacks, each to be sent in its order: a fax each, or a callback each
    where the load is shuffled.
    """
    told = (
        [callback for callback in story for _ in range(load.repeat)]
        for story in _stories(scenario, customer, load, clock)
    )
    if not load.shuffle:
        return told
    singles = [[callback] for stretch in told for callback in stretch]
    Random(load.seed).shuffle(singles)  # noqa: S311
    return iter(singles)


def size(scenario: Scenario, customer: Customer, load: Load) -> int:
    """How many callbacks that makes; a scenario has as many for every fax."""
    return len(tell(scenario, customer, Random(0))) * load.count * load.repeat  # noqa: S311


def _stories(
    scenario: Scenario, customer: Customer, load: Load, clock: Clock
) -> Iterator[list[Prepared]]:
    for fax in range(load.count):
        random = Random(f"{load.seed}/{fax}")  # noqa: S311 (ids to look at, not to protect)
        yield tell(scenario, customer, random, clock)
