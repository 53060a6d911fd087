"""A fax that nobody knows of: the provider's list says whether it was sent; and canceling one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from faxhooks.domain.fax import FaxStatus
from faxhooks.providers.asking import Client, ProviderError, RefusedError
from faxhooks.providers.registry import PROVIDERS
from faxhooks.providers.searching import Found, Wanted, find_sent
from faxhooks.providers.sending import Sender
from faxhooks.simulator.fakes.behaviour import WELL
from faxhooks.simulator.fakes.fake import Fake
from faxhooks.simulator.fakes.registry import FAKES, TRIALS
from tests.fakes import client_of, config_of
from tests.providers.orders import FROM, TO
from tests.providers.sent import order, sender_of
from tests.providers.wire import answering, told

ASKED = [name for name, each in PROVIDERS.items() if each.client is not None]
each = pytest.mark.parametrize("name", ASKED)


@pytest.fixture
def fake(name: str) -> Iterator[Fake]:
    with FAKES[name](WELL, TRIALS[name]).serve() as fake:
        yield fake


@pytest.fixture
def sender(name: str, fake: Fake) -> Iterator[Sender]:
    made = sender_of(name, config_of(fake))
    yield made
    made.close()


def search(client: Client, to: str, own: str | None, since: datetime, now: datetime) -> Found:
    (found,) = find_sent(client, [Wanted(to, own, since)], now)
    return found


@each
@pytest.mark.parametrize("seconds", [0, 90, 600])
def test_a_fax_that_nobody_knows_of_is_found_by_its_numbers_and_time(
    name: str, fake: Fake, sender: Sender, seconds: float
) -> None:
    client = client_of(name, config_of(fake))
    since = datetime.now(UTC)
    sender.send(order(name, to="+13105550199"))
    sent = sender.send(order(name))
    fake.clock.put_forward(seconds)
    now = since + timedelta(seconds=seconds)
    found = search(client, TO, FROM, since, now)
    (sighting,) = found.sightings
    assert sighting.events[0].references[0] == sent.references[0]
    assert not found.is_negative
    for to, own in ((FROM, TO), ("+13105550198", FROM), (TO, "+13105550198")):
        assert search(client, to, own, since, now).is_negative
    (again,) = search(client, TO, None, since, now).sightings
    assert again.digest == sighting.digest
    if seconds == 600:  # A later order to the same number is not this one.
        later = since + timedelta(seconds=500)
        assert search(client, TO, FROM, later, now + timedelta(seconds=500)).is_negative
    client.close()


@each
@pytest.mark.parametrize("hours", [1, 20])
def test_a_fax_is_found_where_the_providers_clock_is_ahead(
    name: str, fake: Fake, sender: Sender, hours: float
) -> None:
    since = datetime.now(UTC)
    fake.clock.put_forward(hours * 3600)
    sender.send(order(name))
    fake.clock.put_forward(600)  # Until it is over, and no longer in an outbox.
    client = client_of(name, config_of(fake))
    assert len(search(client, TO, FROM, since, since).sightings) == 1
    client.close()


@each
def test_the_list_is_read_once_for_all_that_are_looked_for(
    name: str, fake: Fake, sender: Sender
) -> None:
    client, since = client_of(name, config_of(fake)), datetime.now(UTC)
    numbers = [f"+1310555010{number}" for number in range(4)]
    sent = [sender.send(order(name, to=to)) for to in numbers[:3]]
    find_sent(client, [Wanted(TO, FROM, since)], since)
    once = client.calls
    wanted = [Wanted(to, FROM, since) for to in numbers]
    *there, absent = find_sent(client, wanted, since)
    for found, one in zip(there, sent, strict=True):
        (sighting,) = found.sightings
        assert sighting.events[0].references[0] == one.references[0]
    assert absent.is_negative
    assert client.calls == 2 * once
    client.close()


def test_a_record_that_cannot_be_read_is_no_negative_answer() -> None:
    records = [{"sid": "a", "status": "nobody knows"}]
    with FAKES["signalwire"](WELL, TRIALS["signalwire"]).serve() as fake:
        config = config_of(fake)
    with answering(told({"faxes": records, "next_page_uri": None})) as wire:
        client = client_of("signalwire", {**config, "base-url": (wire.origin,)})
        now = datetime.now(UTC)
        found = search(client, TO, FROM, now, now)
    assert (found.sightings, found.unread, found.is_negative) == ((), 1, False)


def test_a_list_that_does_not_end_is_no_negative_answer() -> None:
    with FAKES["signalwire"](WELL, TRIALS["signalwire"]).serve() as fake:
        config = config_of(fake)
    with answering(told({"faxes": [], "next_page_uri": "/again"})) as wire:
        client = client_of("signalwire", {**config, "base-url": (wire.origin,)})
        now = datetime.now(UTC)
        with pytest.raises(ProviderError, match="does not end"):
            search(client, TO, FROM, now, now)


@pytest.mark.parametrize(
    ("minutes", "trusted"), [(-60, True), (0, True), (1.5, True), (3, False), (600, False)]
)
def test_a_list_of_a_clock_behind_ours_is_no_negative_answer(minutes: float, trusted: bool) -> None:
    now = datetime.now(UTC)
    date = format_datetime(now - timedelta(minutes=minutes), usegmt=True)
    with answering(told({"faxes": []}, Date=date)) as wire:
        config = {**TRIALS["signalwire"], "base-url": (wire.origin,)}
        client = client_of("signalwire", config)
        if trusted:
            assert search(client, TO, FROM, now, now).is_negative
            return
        with pytest.raises(ProviderError, match="set the clock of this machine"):
            search(client, TO, FROM, now, now)


@each
@pytest.mark.parametrize("passed", [0, 600])
def test_a_fax_is_canceled_while_it_waits(
    name: str, fake: Fake, sender: Sender, passed: float
) -> None:
    client = client_of(name, config_of(fake))
    ids = [reference.id for reference in sender.send(order(name)).references]
    fake.clock.put_forward(passed)
    if passed:
        with pytest.raises(RefusedError):
            client.cancel_fax(ids)
        return
    sighting = client.cancel_fax(ids)
    assert sighting is None or sighting.events[0].status is FaxStatus.CANCELED
