"""Genuine requests of a service's accounts, as its simulated providers make them."""

import random
from collections.abc import Iterator, Mapping, Sequence

from faxhooks.domain.callback import Callback
from faxhooks.services.accounts import Account
from faxhooks.simulator.scenarios import SCENARIOS, get_scenario, tell
from faxhooks.simulator.story import Customer, Prepared
from tests.providers.recorded import ARRIVED
from tests.story import PUBLIC_URL, target


def customer(account: Account) -> Customer:
    """The account as its provider knows it."""
    return Customer(account.hook_url, account.config)


def told(account: Account, name: str, seed: object) -> list[Callback]:
    """A story of one fax, always the same for the same seed."""
    scenario = get_scenario(account.provider, name)
    prepared = tell(scenario, customer(account), random.Random(str(seed)), lambda: ARRIVED)
    return [as_callback(request) for request in prepared]


def stories(account: Account, seed: object) -> Iterator[Callback]:
    """Every story of the provider, over and over, each of another fax."""
    names: Sequence[str] = list(SCENARIOS[account.provider])
    number = 0
    while True:
        yield from told(account, names[number % len(names)], f"{seed}/{number}")
        number += 1


def as_callback(request: Prepared) -> Callback:
    """The request as it arrives."""
    headers: Mapping[str, str] = {name.lower(): v for name, v in request.headers.items()}
    where = target(request.url)
    return Callback(request.method, PUBLIC_URL, where, headers, request.body, ARRIVED)
