"""A provider that never says what became of a fax: as far as `queued`, then unconfirmed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import pytest

from faxhooks.simulator.fakes.behaviour import WELL
from faxhooks.simulator.fakes.registry import FAKES, TRIALS
from faxhooks.simulator.fakes.serving import Asked, Told
from faxhooks.simulator.fakes.unified import UnifiedFake
from tests.asked import World, add_account, world
from tests.ordered import dispatch, order, shown, state, told
from tests.web.test_api_actions import cancel, resend
from tests.web.test_api_sending import Client

SILENT = ("voipnow", "hubgets")
each = pytest.mark.parametrize("name", SILENT)
NUMBER = "7778888"


@contextmanager
def joined(made: World, name: str) -> Iterator[tuple[World, UnifiedFake]]:
    """The world with an account at such a provider as well."""
    with FAKES[name](WELL, TRIALS[name]).serve() as fake:
        assert isinstance(fake, UnifiedFake)
        account = add_account(made.parts, name, fake)
        fakes, accounts = {**made.fakes, name: fake}, {**made.accounts, name: account}
        yield replace(made, fakes=fakes, accounts=accounts), fake


@pytest.fixture
def there(database_url: str) -> Iterator[World]:
    with world(database_url) as made:
        yield made


def _garble(fake: UnifiedFake) -> None:
    """Whether it was sent is not said: at Hubgets a fax goes once its files are there."""
    last = "/storage/" if fake.title == "Hubgets" else "/uapi/"
    answer = fake.answer

    def garbled(asked: Asked) -> Told:
        told = answer(asked)
        return Told(503) if asked.path.startswith(last) else told

    fake.answer = garbled  # type: ignore[method-assign]


def place(there: World, name: str) -> UUID:
    (fax_id,) = order(there, name, NUMBER, sender=None)
    return fax_id


@each
def test_it_is_queued_and_after_its_time_unconfirmed(there: World, name: str) -> None:
    with joined(there, name) as (made, fake):
        fax_id = place(made, name)
        dispatch(made)
        assert (state(made, fax_id), shown(made, fax_id)["status"]) == ("sent", "queued")
        assert len(fake.delivered) == 1
        client = Client(made)
        assert "cannot be canceled" in cancel(client, fax_id).json["detail"]
        made.put_on(days=2)
        made.sweep()
        assert shown(made, fax_id)["status"] == "unconfirmed"
        assert resend(client, fax_id).status_code == 409
        assert resend(client, fax_id, force=True).status_code == 202


@each
def test_what_is_in_doubt_is_left_to_a_person(there: World, name: str) -> None:
    """There is no list in which it could be looked for."""
    with joined(there, name) as (made, fake):
        fax_id = place(made, name)
        _garble(fake)
        dispatch(made)
        assert state(made, fax_id) == "submitting"
        made.put_on(minutes=2)
        dispatch(made)
        assert state(made, fax_id) == "unsure"
        assert shown(made, fax_id)["status"] == "unconfirmed"
        assert told(made, fax_id)[-1] == ("send", "unconfirmed")
        made.put_on(days=1)
        assert dispatch(made) == {"sent": 0, "traced": 0}


@each
def test_204_means_that_nothing_was_sent(there: World, name: str) -> None:
    with joined(there, name) as (made, fake):
        fax_id = place(made, name)
        fake.fault = (204, "")
        dispatch(made)
        assert (state(made, fax_id), shown(made, fax_id)["status"]) == ("not-sent", "failed")
