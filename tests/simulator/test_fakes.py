"""The fake providers: what holds for each of them, in good order and with its faults."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from faxhooks.domain.callback import Callback
from faxhooks.domain.fax import Evidence, FaxEvent, FaxState, FaxStatus
from faxhooks.domain.lifecycle import fold
from faxhooks.providers.asking import AwayError, ThrottledError
from faxhooks.providers.registry import PROVIDERS
from faxhooks.simulator.fakes.behaviour import Behaviour, Clock, Dice
from faxhooks.simulator.fakes.fake import Fake
from faxhooks.simulator.fakes.registry import FAKES, TRIALS
from tests.fakes import client_of, config_of, send, until
from tests.simulator.receivers import Request, nobody, receiving

PUBLIC = "https://hooks.example.com"
HOOK = f"{PUBLIC}/hooks/x/TOKEN"
START = datetime(2026, 1, 13, 21, 54, 46, tzinfo=UTC)
ALL = ["initiated", "ringing", "answered", "completed"]

each = pytest.mark.parametrize("name", [name for name in FAKES if PROVIDERS[name].has_hook])


def fake(name: str, calls_at: str | None = None, **behaviour: Any) -> Fake:
    return FAKES[name](Behaviour(**behaviour), TRIALS[name], calls_at)


def all_events(name: str) -> dict[str, Any]:
    """What a sender adds to be told of every state, where the provider has that."""
    return {"StatusCallbackEvent": ALL} if name == "signalwire" else {}


def understood(name: str, requests: list[Request]) -> list[FaxEvent]:
    """What the account's adapter makes of callbacks, once it has verified each."""
    adapter = PROVIDERS[name].adapter(TRIALS_OF[name], HOOK)
    events = []
    for request in requests:
        callback = Callback(
            request.method, PUBLIC, request.target, request.headers, request.body, START
        )
        evidence = adapter.verify(callback)
        events += [each._replace(evidence=evidence) for each in adapter.normalize(callback)]
    return events


TRIALS_OF = {name: {key: tuple(each) for key, each in TRIALS[name].items()} for name in TRIALS}


@each
def test_callbacks_come_in_time_signed_for_the_hook_they_are_meant_for(name: str) -> None:
    with receiving() as hook, fake(name, hook.url).serve() as made:
        fax_id = send(made, HOOK, **all_events(name))
        if name == "signalwire":
            until(lambda: len(hook.requests) == 1)
        time.sleep(0.2)
        early = len(hook.requests)
        made.clock.put_forward(600)
        until(lambda: made.postman.idle)
    assert early == (1 if name == "signalwire" else 0)
    state = fold(understood(name, hook.requests))
    assert state.status is FaxStatus.DELIVERED
    assert state.provider_fax_id == fax_id
    assert state.evidence is (Evidence.SIGNED if name == "signalwire" else Evidence.UNSIGNED)
    assert made.sent == {"200": len(hook.requests)}


@each
def test_asking_and_being_told_come_to_the_same(name: str) -> None:
    ends = {"signalwire": "failed", "faxplus": "failed_fs_49"}
    for outcomes in ({}, {ends[name]: 1.0}):
        with receiving() as hook, fake(name, hook.url, outcomes=outcomes).serve() as made:
            fax_id = send(made, HOOK)
            made.clock.put_forward(600)
            until(lambda made=made: made.postman.idle and made.sent)
            client = client_of(name, config_of(made))
            sighting = client.find_fax([fax_id])
            client.close()
        assert sighting is not None
        assert same(fold(sighting.events)) == same(fold(understood(name, hook.requests)))


def same(state: FaxState) -> dict[str, Any]:
    """What a fax is, but for who said so and what only one of the two ever says."""
    hidden = {"evidence", "created_at", "updated_at", "asks_poll", "sender", "recipient"}
    one_sided = {"cost", "duration", "remote_station_id"}
    fields = set(FaxState._fields) - hidden - one_sided
    ends = [end.value if end else None for end in (state.sender, state.recipient)]
    finished = state.finished_at and state.finished_at.replace(microsecond=0)
    return {field: getattr(state, field) for field in fields} | {
        "ends": ends,
        "finished_at": finished,
    }


@each
def test_a_callback_that_is_not_taken_comes_three_times_in_all(name: str) -> None:
    with (
        receiving(lambda _: (500, b"")) as hook,
        fake(name, hook.url, speed=100).serve() as made,
    ):
        send(made, HOOK)
        made.clock.put_forward(600)
        until(lambda: len(hook.requests) >= 3 and made.postman.idle)
    assert made.sent == {"500": 3}
    assert len({request.body for request in hook.requests}) == 1


@each
def test_a_callback_that_nobody_takes_is_lost_and_the_fax_goes_on(name: str) -> None:
    with fake(name, nobody(), speed=100, tries=1).serve() as made:
        fax_id = send(made, HOOK)
        made.clock.put_forward(600)
        until(lambda: made.sent == {"disconnected": 1})
        client = client_of(name, config_of(made))
        sighting = client.find_fax([fax_id])
        client.close()
    assert sighting is not None
    assert sighting.events[0].status is FaxStatus.DELIVERED


@each
def test_so_many_callbacks_are_dropped_and_doubled_as_chances_say(name: str) -> None:
    with receiving() as hook, fake(name, hook.url, drop=0.3, duplicate=0.5).serve() as made:
        for _ in range(100):
            send(made, HOOK)
        made.clock.put_forward(600)
        until(lambda: made.postman.idle)
    came = Counter(request.body for request in hook.requests)
    assert 15 <= made.sent["dropped"] <= 45
    assert len(came) == 100 - made.sent["dropped"]
    assert set(came.values()) == {1, 2}


@each
def test_the_same_seed_drops_the_same(name: str) -> None:
    lost = []
    for _ in range(2):
        with receiving() as hook, fake(name, hook.url, drop=0.5, seed=7).serve() as made:
            ids = [send(made, HOOK) for _ in range(10)]
            made.clock.put_forward(600)
            until(lambda made=made: made.postman.idle)
        told = b"".join(request.body for request in hook.requests)
        lost.append([fax_id for fax_id in ids if fax_id.encode() not in told])
    # Fax.Plus' ids begin with the time, which is another in every run.
    assert [each[8:] for each in lost[0]] == [each[8:] for each in lost[1]]
    assert 0 < len(lost[0]) < 10


def test_a_reordered_callback_comes_after_what_followed_it() -> None:
    orders = set()
    with receiving() as hook, fake("signalwire", hook.url, reorder=0.5).serve() as made:
        for _ in range(5):
            send(made, HOOK, StatusCallbackEvent=ALL)
        for _ in range(40):
            made.clock.put_forward(10)
            time.sleep(0.06)
        until(lambda: made.postman.idle)
    for fax_id in made.faxes:
        mine = [each for each in hook.requests if fax_id.encode() in each.body]
        events = understood("signalwire", mine)
        orders.add(tuple(event.provider_status for event in events))
        assert fold(events).status is FaxStatus.DELIVERED
    assert any(order != ("queued", "processing", "sending", "delivered") for order in orders)


@each
def test_a_request_without_an_answer_may_have_had_its_effect(name: str) -> None:
    with fake(name).serve() as made:
        made.behaviour = Behaviour(hang=1, hang_seconds=0)
        errors = 0
        for _ in range(20):
            try:
                send(made)
            except requests.ConnectionError:
                errors += 1
        assert errors == 20
        done = len(made.faxes) if name == "signalwire" else len(made.files)
        assert 4 <= done <= 16


@each
def test_faults_come_as_often_as_their_chance_says(name: str) -> None:
    with fake(name, throttle=0.2, fail=0.2).serve() as made:
        client = client_of(name, config_of(made))
        for _ in range(200):
            with suppress(ThrottledError, AwayError):
                client.find_fax(["nobody"])
        client.close()
    statuses = Counter(call.status for call in made.calls)
    asked = len(made.calls)
    assert 0.1 < statuses[429] / asked < 0.3
    assert 0.08 < statuses[503] / asked < 0.3
    assert statuses.keys() == {404, 429, 503}


@each
def test_whoever_has_no_credentials_learns_nothing(name: str) -> None:
    with fake(name).serve() as made:
        send(made)
        for call in list(made.calls):
            answer = requests.request(call.method, made.url + call.path, timeout=30)
            assert answer.status_code == 401
            assert isinstance(answer.json(), dict)
        assert requests.get(f"{made.url}/elsewhere", timeout=30).status_code == 404


@each
def test_ends_are_drawn_by_weight(name: str) -> None:
    words = {"signalwire": ("delivered", "busy"), "faxplus": ("success", "failed")}[name]
    with fake(name, outcomes={words[0]: 3, words[1]: 1}).serve() as made:
        ids = [send(made) for _ in range(80)]
        made.clock.put_forward(600)
        client = client_of(name, config_of(made))
        sightings = [client.find_fax([fax_id]) for fax_id in ids]
        client.close()
    ends = Counter(each.events[0].provider_status for each in sightings if each)
    assert ends.keys() == {*words}
    assert 8 <= ends[words[1]] <= 34


def test_an_incoming_fax_is_asked_about_and_then_told_of() -> None:
    with receiving() as hook, fake("signalwire", hook.url).serve() as made:
        fax_id = made.receive(HOOK)
        until(lambda: len(hook.requests) == 1)
        made.clock.put_forward(600)
        until(lambda: len(hook.requests) == 2 and made.postman.idle)
        client = client_of("signalwire", config_of(made))
        sighting = client.find_fax([fax_id])
        client.close()
    state = fold(understood("signalwire", hook.requests))
    assert state.status is FaxStatus.RECEIVED
    assert sighting is not None
    assert same(fold(sighting.events))["ends"] == same(state)["ends"]
    assert sighting.events[0].direction == "inbound"


def test_an_incoming_fax_is_told_of_to_the_hook_for_those() -> None:
    with receiving() as hook, fake("faxplus", hook.url).serve() as made:
        client = client_of("faxplus", config_of(made))
        client.add_hook(HOOK, "fax_received")
        fax_id = made.receive()
        until(lambda: hook.requests)
        sighting = client.find_fax([fax_id])
        client.close()
    assert fold(understood("faxplus", hook.requests)).status is FaxStatus.RECEIVED
    assert sighting is not None
    assert sighting.events[0].status is FaxStatus.RECEIVED


def test_each_try_of_fax_plus_has_its_webhook_and_its_own_id() -> None:
    with receiving() as hook, fake("faxplus", hook.url).serve() as made:
        made.behaviour = Behaviour(outcomes={"failed_no_answer": 1})
        fax_id = send(made, HOOK, options={"retry": {"count": 2, "delay": 10}})
        made.clock.put_forward(3000)
        until(lambda: made.postman.idle and made.sent)
    bodies = [json.loads(request.body) for request in hook.requests]
    assert [body["data"]["id"] for body in bodies] == [fax_id] * 3
    assert len({body["hook"]["id"] for body in bodies}) == 3
    assert fax_id in {body["hook"]["id"] for body in bodies}


@pytest.fixture
def clock() -> Iterator[Clock]:
    return Clock(60, START)


def test_time_goes_faster_and_can_be_put_forward(clock: Clock) -> None:
    time.sleep(0.05)
    assert clock.now() >= START + timedelta(seconds=3)
    clock.put_forward(3600)
    assert clock.now() >= START + timedelta(seconds=3603)
    assert clock.wait_for(START) == 0
    assert 8 < clock.wait_for(clock.now() + timedelta(minutes=10)) <= 10


def test_dice_fall_alike_for_the_same_seed_and_otherwise_not() -> None:
    first, second, other = Dice(1), Dice(1), Dice(2)
    rolls = [[dice.roll("a") for _ in range(5)] for dice in (first, second, other)]
    assert rolls[0] == rolls[1] != rolls[2]
    assert first.roll("b") == second.roll("b")


@pytest.mark.parametrize(
    "wrong", [{"drop": 1.1}, {"fail": -0.1}, {"speed": 0}, {"tries": 0}, {"delay": -1}]
)
def test_a_behaviour_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Behaviour(**wrong)
