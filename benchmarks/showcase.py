"""A service with some weeks of made-up faxes, told by the simulator's own stories, to look at."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from urllib.parse import urlsplit

from benchmarks.exemplars import STORIES
from faxhooks.db.models_refusals import NOBODY
from faxhooks.domain.callback import Callback
from faxhooks.services.accounts import Account
from faxhooks.services.parts import Parts
from faxhooks.simulator.scenarios import SCENARIOS, tell
from faxhooks.simulator.story import Customer, Prepared

SENDER: Final = "+13105550100"
NUMBERS: Final = tuple(f"+1310555{n:04}" for n in range(110, 170))
BUSY_NUMBER: Final = NUMBERS[0]
"""One that gets more faxes than others, and is often engaged."""

_TROUBLES: Final = (("busy", 90), ("no-answer", 25), ("failed", 30), ("conflict", 4))


def fill(parts: Parts, accounts: dict[str, Account], *, seed: int) -> None:
    """A day of many faxes, three weeks of fewer before it, and some that are still open."""
    random, now = Random(seed), datetime.now(UTC)
    for at in _moments(random, now):
        provider = random.choices(("signalwire", "faxplus"), (4, 1))[0]
        number = BUSY_NUMBER if random.random() < 0.06 else random.choice(NUMBERS)
        troubled = provider == "signalwire" and number == BUSY_NUMBER and random.random() < 0.5
        stories = _TROUBLES if troubled else STORIES[provider]
        name = random.choices([n for n, _ in stories], [w for _, w in stories])[0]
        _tell(parts, accounts[provider], (name, number), random, at)
    for minutes, name in ((1, "sending"), (3, "queued"), (90, "sending"), (200, "processing")):
        at = now - timedelta(minutes=minutes)
        _tell(parts, accounts["signalwire"], (name, random.choice(NUMBERS)), random, at)
    _tell(parts, accounts["signalwire"], ("unknown-word", NUMBERS[7]), random, now)
    main = accounts["signalwire"].id
    for cause, account_id, times in (("mismatch", main, 4), ("unknown_token", NOBODY, 11)):
        for _ in range(times):
            parts.receiver.refusals.count(cause, account_id)
    parts.receiver.refusals.write()


def _moments(random: Random, now: datetime) -> Iterator[datetime]:
    """When faxes end: by day rather than by night, in order."""
    found: list[datetime] = []
    for back in range(21 * 24):
        hour, most = now - timedelta(hours=back), 14 if back < 24 else 2
        share = 1.0 if 13 <= hour.hour <= 23 else 0.25  # Working hours of the clinic, in UTC.
        count = random.randint(0, most) if random.random() < share else 0
        found += [hour - timedelta(minutes=random.uniform(0, 59)) for _ in range(count)]
    return iter(sorted(found))


def _tell(
    parts: Parts, account: Account, story: tuple[str, str], random: Random, at: datetime
) -> None:
    name, number = story
    customer = Customer(account.hook_url, account.config, SENDER, number)
    told = tell(SCENARIOS[account.provider][name], customer, random, lambda: at)
    token, origin = account.hook_url.rpartition("/")[2], parts.public_url
    length = timedelta(seconds=random.lognormvariate(4.2, 0.6) / max(1, len(told)))
    for left, prepared in zip(reversed(range(len(told))), told, strict=True):
        arrived = at - length * left
        parts.receiver.receive(account.provider, token, _callback(prepared, origin, arrived))


def _callback(prepared: Prepared, origin: str, arrived: datetime) -> Callback:
    url = urlsplit(prepared.url)
    return Callback(
        method=prepared.method,
        origin=origin,
        target=f"{url.path}?{url.query}" if url.query else url.path,
        headers={header.lower(): value for header, value in prepared.headers.items()},
        body=prepared.body,
        received_at=arrived,
    )
