"""A fax that is ordered is handed to its provider once, whatever goes wrong on the way."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from faxhooks.db.askings import lock_asking
from faxhooks.services.sending import ROUNDS, Dispatcher
from faxhooks.simulator.fakes.behaviour import WELL, Behaviour
from tests.asked import World, world
from tests.ordered import dispatch, order, shown, state, taken, told

NAMES = ("signalwire", "faxplus")
each = pytest.mark.parametrize("name", NAMES)
HANGS = Behaviour(hang=1.0, hang_seconds=0.1, drop=1.0)


@pytest.fixture
def well(database_url: str) -> Iterator[World]:
    with world(database_url) as made:
        yield made


@each
def test_it_is_queued_before_anybody_hears_of_it(well: World, name: str) -> None:
    (fax_id,) = order(well, name)
    fax = shown(well, fax_id)
    assert (fax["status"], fax["direction"], fax["evidence"]) == ("queued", "outbound", "own")
    assert (fax["to"], fax["from"]) == ("+13105550101", "+13105550100")
    assert fax["provider_fax_id"].startswith("own:")
    assert taken(well, name) == []


@each
def test_it_is_sent_and_its_callbacks_find_it(well: World, name: str) -> None:
    (fax_id,) = order(well, name)
    assert dispatch(well) == {"sent": 1, "traced": 0}
    assert state(well, fax_id) == "sent"
    assert not shown(well, fax_id)["provider_fax_id"].startswith("own:")
    well.put_on(hours=1)
    well.settle()
    well.sweep()
    fax = shown(well, fax_id)
    assert fax["status"] == "delivered"
    assert len(well.service.api.faxes()) == 1
    lines = told(well, fax_id)  # A callback may come before the answer to the send.
    assert (lines[0], lines.count(("send", "queued"))) == (("send", "queued"), 2)
    assert dispatch(well) == {"sent": 0, "traced": 0}
    assert len(taken(well, name)) == 1


@each
@pytest.mark.parametrize("seed", range(4))
def test_one_whose_outcome_is_unknown_is_looked_for_and_never_sent_twice(
    well: World, name: str, seed: int
) -> None:
    """The fake that hangs does half of what it is asked for."""
    (fax_id,) = order(well, name)
    fake = well.fakes[name]
    fake.dice._seed = seed
    fake.behaviour = HANGS
    dispatch(well)
    fake.behaviour = replace(WELL, drop=1.0)
    held = len(taken(well, name))
    if state(well, fax_id) == "submitting":  # Else it was the upload that hung.
        assert dispatch(well) == {"sent": 0, "traced": 0}
        well.put_on(minutes=2)
        assert dispatch(well)["traced"] == 1
        assert state(well, fax_id) == "sent" if held else told(well, fax_id)[1] == ("send", None)
    well.put_on(minutes=10)
    dispatch(well)
    assert state(well, fax_id) == "sent"
    assert len(taken(well, name)) == 1


def details(made: World, fax_id: UUID) -> list[str]:
    """What our own lines of its history say."""
    history = made.service.api.get(f"/faxes/{fax_id}/history")
    return [line["detail"] for line in json.loads(history.text)["data"] if line["detail"]]


@each
def test_who_dies_with_a_fax_in_hand_leaves_it_to_be_looked_for(well: World, name: str) -> None:
    """Whether the provider had it already or not."""
    fax_ids = order(well, name, "+13105550101", "+13105550102")
    with pytest.raises(Died):
        dispatch_and_die(well, before=True)
    well.put_on(seconds=5)
    with pytest.raises(Died):
        dispatch_and_die(well, before=False)
    assert [state(well, each) for each in fax_ids] == ["submitting"] * 2
    assert dispatch(well) == {"sent": 0, "traced": 0}
    for _ in range(4):
        well.put_on(minutes=6)
        dispatch(well)
    assert [state(well, each) for each in fax_ids] == ["sent"] * 2
    assert sorted(each["to"] for each in taken(well, name)) == ["+13105550101", "+13105550102"]
    said = [[detail.split(":")[0] for detail in details(well, each)] for each in fax_ids]
    assert sorted(said) == [
        ["outcome unknown", "found in the provider's list"],
        ["outcome unknown", "not in the provider's list"],
    ]


def test_who_dies_after_a_fault_that_passed_leaves_it_in_doubt_all_the_same(well: World) -> None:
    (fax_id,) = order(well, "faxplus")
    well.fakes["faxplus"].behaviour = replace(WELL, throttle=1.0)
    dispatch(well)
    well.fakes["faxplus"].behaviour = WELL
    well.put_on(minutes=1)
    with pytest.raises(Died):
        dispatch_and_die(well, before=False)
    well.put_on(minutes=6)
    dispatch(well)
    assert details(well, fax_id)[0].startswith("outcome unknown")


def test_while_one_is_in_doubt_no_other_goes_to_its_recipient(well: World) -> None:
    """In the provider's list nobody could tell the two apart."""
    first, second = (order(well, "faxplus")[0] for _ in range(2))
    with pytest.raises(Died):
        dispatch_and_die(well, before=True)
    assert dispatch(well) == {"sent": 0, "traced": 0}
    assert [state(well, each) for each in (first, second)] == ["submitting", "waiting"]
    for _ in range(3):
        well.put_on(minutes=6)
        dispatch(well)
    assert [state(well, each) for each in (first, second)] == ["sent", "sent"]
    assert len(taken(well, "faxplus")) == 2


def test_all_that_are_in_doubt_are_looked_for_with_one_reading_of_the_list(
    well: World,
) -> None:
    """Within the budget for asking: where it is used up, they wait."""
    numbers = [f"+1310555010{number}" for number in range(5)]
    fax_ids, fake = order(well, "faxplus", *numbers), well.fakes["faxplus"]
    for _ in numbers:
        with pytest.raises(Died):
            dispatch_and_die(well, before=len(taken(well, "faxplus")) == 3)
    well.sweep()  # From now on there is a budget.
    well.put_on(minutes=6)
    leave_in_budget(well, "faxplus", 0.0)
    assert dispatch(well)["traced"] == 5
    assert [state(well, each) for each in fax_ids] == ["submitting"] * 5
    well.put_on(minutes=1)
    before = len(fake.calls)
    assert dispatch(well) == {"sent": 2, "traced": 5}
    lists = [each for each in fake.calls[before:] if each.method == "GET"]
    assert len(lists) <= 5  # The outbox; those sent and those received, each with its end.
    assert [state(well, each) for each in fax_ids] == ["sent"] * 5
    assert sorted(each["to"] for each in taken(well, "faxplus")) == numbers


@each
def test_a_fault_that_passes_is_waited_for(well: World, name: str) -> None:
    (fax_id,) = order(well, name)
    well.fakes[name].behaviour = Behaviour(throttle=1.0, retry_after="30")
    dispatch(well)
    well.fakes[name].behaviour = WELL
    well.put_on(seconds=20)
    assert dispatch(well) == {"sent": 0, "traced": 0}
    well.put_on(seconds=20)
    dispatch(well)
    assert state(well, fax_id) == "sent"
    assert len(taken(well, name)) == 1


def test_what_the_provider_refuses_has_failed_for_its_reason(well: World) -> None:
    (fax_id,) = order(well, "signalwire", "sip:nobody")
    well.fakes["signalwire"].secrets = {
        **well.fakes["signalwire"].secrets,
        "api-token": ("PTanother",),
    }
    dispatch(well)
    fax = shown(well, fax_id)
    assert (fax["status"], fax["outcome"]) == ("failed", "failure")
    assert fax["reason"]["code"] == "account.not_allowed"
    assert fax["error"]["code"] == "20003"
    assert state(well, fax_id) == "not-sent"


def test_an_account_is_given_no_more_faxes_than_its_provider_takes(well: World) -> None:
    """SignalWire's is one call a second, whoever sends."""
    order(well, "signalwire", "+13105550101", "+13105550102", "+13105550103")
    assert [dispatch(well)["sent"] for _ in range(3)] == [1, 0, 0]
    well.put_on(seconds=1)
    assert [dispatch(well)["sent"] for _ in range(3)] == [1, 0, 0]
    order(well, "faxplus", "+13105550101", "+13105550102")
    assert dispatch(well)["sent"] == 2


def test_after_some_faxes_of_each_account_other_work_has_its_turn(well: World) -> None:
    order(well, "faxplus", *(f"+131055501{number:02}" for number in range(ROUNDS + 5)))
    order(well, "signalwire", "+13105550200")
    assert dispatch(well)["sent"] == ROUNDS + 1
    assert dispatch(well)["sent"] == 5


def test_a_fax_that_comes_in_while_others_are_sent_takes_its_turn_at_once(well: World) -> None:
    order(well, "faxplus", *(f"+131055501{number:02}" for number in range(8)))
    Dispatcher(well.parts, well.time.now).run(Meanwhile(well))
    assert handed_over(well).index("signalwire") in (2, 3)
    assert len(handed_over(well)) == 9


class Meanwhile(Event):
    """An event that is never set; when a worker looks at it before its third fax, one comes in."""

    def __init__(self, made: World) -> None:
        super().__init__()
        self._made = made
        self._looks = 0

    def is_set(self) -> bool:
        self._looks += 1
        if self._looks == 3:
            order(self._made, "signalwire", "+13105550200")
        return False


def handed_over(made: World) -> list[str]:
    """To which provider each fax went, in the order of their requests."""
    calls = [
        (call.at, name)
        for name, fake in made.fakes.items()
        for call in fake.calls
        if call.method == "POST" and call.path.endswith(("/outbox", "/Faxes"))
    ]
    return [name for _, name in sorted(calls)]


def test_the_time_of_one_that_is_put_off_begins_when_it_is_to_be_sent(well: World) -> None:
    """Fax.Plus keeps it in its outbox until then."""
    at = well.time.now() + timedelta(days=3)
    (fax_id,) = order(well, "faxplus", schedule_at=at)
    dispatch(well)
    for _ in range(5):
        well.put_on(hours=14)
        well.sweep()
    assert shown(well, fax_id)["status"] == "queued"
    well.put_on(days=1)
    for _ in range(3):
        well.put_on(hours=1)
        well.sweep()
    assert shown(well, fax_id)["status"] == "delivered"


def leave_in_budget(well: World, name: str, tokens: float) -> None:
    """What may be asked of the provider at this moment, and no more comes in for a while."""

    def spend(session: Session) -> None:
        asking = lock_asking(session, well.accounts[name].id)
        assert asking is not None
        asking.tokens, asking.filled_at = tokens, well.time.now() + timedelta(seconds=30)

    well.parts.database.write(spend)


class Died(BaseException):
    """Stands for the end of a process: nothing that would tidy up catches it."""


def dispatch_and_die(well: World, before: bool) -> None:
    """A pass that ends when the provider is called: before it hears of it, or after."""
    hand_over = Dispatcher._hand_over

    def die(*arguments: Any) -> Any:
        if not before:
            hand_over(*arguments)
        raise Died

    with patch.object(Dispatcher, "_hand_over", die):
        dispatch(well)
