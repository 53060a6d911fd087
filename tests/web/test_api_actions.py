"""A fax is canceled while that is possible, and sent again when it did not arrive."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from faxhooks.simulator.fakes.behaviour import Behaviour
from tests.asked import World, world
from tests.ordered import dispatch, order, shown, state, taken, told
from tests.services.test_sending import Died, dispatch_and_die
from tests.web.test_api_sending import Client

NAMES = ("signalwire", "faxplus")
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def there(database_url: str) -> Iterator[World]:
    with world(database_url) as made:
        yield made


@pytest.fixture
def client(there: World) -> Client:
    return Client(there)


def cancel(client: Client, fax_id: UUID | str) -> Any:
    return client.post(f"/faxes/{fax_id}/actions/cancel")


def resend(client: Client, fax_id: UUID | str, **said: Any) -> Any:
    return client.post(f"/faxes/{fax_id}/actions/resend", said or None)


def finish(there: World, name: str, word: str) -> UUID:
    """A fax that has ended in that word."""
    there.fakes[name].behaviour = Behaviour(outcomes={word: 1.0})
    (fax_id,) = order(there, name)
    dispatch(there)
    there.put_on(hours=1)
    there.settle()
    there.sweep()
    return fax_id


@each
def test_what_waits_is_canceled_and_never_sent(there: World, client: Client, name: str) -> None:
    (fax_id,) = order(there, name)
    answer = cancel(client, fax_id)
    assert (answer.status_code, answer.json["status"]) == (200, "canceled")
    assert answer.json["reason"]["code"] == "user.canceled"
    assert dispatch(there) == {"sent": 0, "traced": 0}
    assert taken(there, name) == []
    assert cancel(client, fax_id).status_code == 409


@each
def test_what_the_provider_has_is_canceled_there(there: World, client: Client, name: str) -> None:
    (fax_id,) = order(there, name)
    dispatch(there)
    answer = cancel(client, fax_id)
    assert (answer.status_code, answer.json["status"]) == (200, "canceled"), answer.text
    there.put_on(hours=1)
    there.settle()
    assert shown(there, fax_id)["status"] == "canceled"


@each
def test_what_is_on_its_way_cannot_be_canceled(there: World, client: Client, name: str) -> None:
    (fax_id,) = order(there, name)
    dispatch(there)
    there.put_on(minutes=50)
    answer = cancel(client, fax_id)
    assert answer.status_code == 409
    assert "too late" in answer.json["detail"] or "ended" in answer.json["detail"]


def test_what_is_in_doubt_is_neither_canceled_nor_sent_again(there: World, client: Client) -> None:
    (fax_id,) = order(there, "faxplus")
    with pytest.raises(Died):
        dispatch_and_die(there, before=False)
    for answer in (cancel(client, fax_id), resend(client, fax_id, force=True)):
        assert answer.status_code == 409
    assert state(there, fax_id) == "submitting"


def test_a_failed_fax_is_sent_again_as_a_new_one(there: World, client: Client) -> None:
    fax_id = finish(there, "faxplus", "failed_user_busy")
    assert shown(there, fax_id)["status"] == "busy"
    answer = resend(client, fax_id)
    assert answer.status_code == 202, answer.text
    assert answer.json["tags"] == {"resend_of": str(fax_id)}
    assert answer.headers["Location"].endswith(answer.json["id"])
    assert resend(client, fax_id).status_code == 409
    there.fakes["faxplus"].behaviour = Behaviour()
    dispatch(there)
    there.put_on(hours=1)
    there.settle()
    there.sweep()
    assert shown(there, UUID(answer.json["id"]))["status"] == "delivered"
    assert shown(there, fax_id)["status"] == "busy"
    assert len(taken(there, "faxplus")) == 2


def test_a_delivered_fax_is_sent_again_only_by_force(there: World, client: Client) -> None:
    fax_id = finish(there, "signalwire", "delivered")
    refusal = resend(client, fax_id)
    assert refusal.status_code == 409
    assert "force" in refusal.json["detail"]
    assert resend(client, fax_id, force="yes").status_code == 422
    assert resend(client, fax_id, force=True).status_code == 202


def test_a_fax_that_was_not_sent_from_here_cannot_be_sent_again(
    there: World, client: Client
) -> None:
    there.fakes["signalwire"].behaviour = Behaviour(outcomes={"busy": 1.0})
    elsewhere = there.send("signalwire")
    there.put_on(hours=1)
    there.settle()
    fax_id = there.fax(elsewhere)["id"]
    assert "not sent from here" in resend(client, fax_id).json["detail"]


def test_the_history_says_who_canceled(there: World, client: Client) -> None:
    (fax_id,) = order(there, "signalwire")
    cancel(client, fax_id)
    assert told(there, fax_id)[-1] == ("operator", "canceled")
