"""Firing sends what was prepared, as it was prepared, and counts what came back."""

import time
from collections import Counter
from typing import Any

import pytest

from faxhooks.domain.errors import FaxhooksError, InvalidInputError
from faxhooks.simulator.firing import Pace, Report, fire
from faxhooks.simulator.line import Answer, check_reachable
from faxhooks.simulator.scenarios import Load, tell_many
from faxhooks.simulator.story import Prepared
from tests.simulator.receivers import Request, nobody, receiving
from tests.simulator.stages import adapter, arrived, customer, scenario, told


def stretches(name: str = "delivered", **load: Any) -> list[list[Prepared]]:
    return list(tell_many(scenario("signalwire", name), customer("signalwire"), Load(**load)))


@pytest.mark.parametrize("name", ["delivered", "delivered-by-get", "relay-failed"])
def test_a_callback_arrives_as_it_was_signed_though_at_another_address(name: str) -> None:
    story = told("signalwire", name)
    with receiving() as receiver:
        fire([story], receiver.url)
    assert len(receiver.requests) == len(story)
    for prepared, request in zip(story, receiver.requests, strict=True):
        as_sent = Prepared(
            prepared.fax_id,
            request.method,
            f"https://hooks.example.com{request.target}",
            request.headers,
            request.body,
        )
        adapter("signalwire").verify(arrived(as_sent))
        assert request.body == prepared.body


def test_answers_are_counted() -> None:
    with receiving() as receiver:
        report = fire(stretches(count=5), receiver.url, Pace(concurrency=3))
    assert report.answers == {"200": 20}
    assert report.sent == report.accepted == len(receiver.requests) == 20


def test_every_callback_is_repeated() -> None:
    with receiving() as receiver:
        report = fire(stretches(count=2, repeat=3), receiver.url)
    assert report.sent == 24
    assert set(Counter(request.body for request in receiver.requests).values()) == {3}


def test_refusals_are_reported_and_not_taken_for_accepted() -> None:
    answers = {b"queued": 200, b"processing": 404, b"sending": 503, b"delivered": 302}

    def by_word(request: Request) -> tuple[int, bytes]:
        word = next(word for word in answers if b"FaxStatus=" + word in request.body)
        return answers[word], b""

    with receiving(by_word) as receiver:
        report = fire(stretches(), receiver.url)
    assert report.answers == {"200": 1, "404": 1, "503": 1, "302": 1}
    assert report.accepted == 1


def test_a_redirect_is_not_followed() -> None:
    with receiving(lambda _: (307, b"")) as receiver:
        fire(stretches(), receiver.url)
    assert len(receiver.requests) == 4


def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    def slow(_: Request) -> tuple[int, bytes]:
        time.sleep(0.3)
        return 200, b""

    with receiving(slow) as receiver:
        report = fire(stretches("busy-only"), receiver.url, Pace(timeout=0.05))
    assert report.answers == {"timeout": 1}
    assert report.accepted == 0


def test_a_service_that_is_not_there_is_reported_for_every_callback() -> None:
    report = fire(stretches(), nobody())
    assert report.answers == {"disconnected": 4}


def test_the_callbacks_of_a_fax_keep_their_order_when_many_are_sent_at_once() -> None:
    load = stretches(count=20)
    with receiving() as receiver:
        fire(load, receiver.url, Pace(concurrency=8))
    for story in load:
        mine = [request.body for request in receiver.requests]
        order = [mine.index(prepared.body) for prepared in story]
        assert order == sorted(order)


def test_no_more_are_under_way_than_is_asked_for() -> None:
    def slow(_: Request) -> tuple[int, bytes]:
        time.sleep(0.01)
        return 200, b""

    with receiving(slow) as receiver:
        fire(stretches(count=12, shuffle=True), receiver.url, Pace(concurrency=4))
    assert 2 <= receiver.most <= 4


def test_the_rate_is_kept_over_all_connections() -> None:
    with receiving() as receiver:
        fire(stretches(count=5), receiver.url, Pace(concurrency=4, rate=50))
    first, last = receiver.requests[0].at, receiver.requests[-1].at
    # Nineteen pauses of a fiftieth of a second; a busy machine may be slower, never faster.
    assert 0.36 <= last - first < 2.0


def test_whoever_listens_hears_of_each_answer_with_its_callback() -> None:
    heard: list[Answer] = []
    load = stretches(count=3)
    with receiving() as receiver:
        fire(load, receiver.url, Pace(concurrency=3), heard.append)
    assert sorted(a.callback.body for a in heard) == sorted(p.body for s in load for p in s)
    assert all(answer.accepted and answer.seconds > 0 for answer in heard)


def test_what_goes_wrong_in_a_listener_ends_the_firing() -> None:
    def refuse(_: Answer) -> None:
        raise RuntimeError("full")

    with receiving() as receiver, pytest.raises(RuntimeError, match="full"):
        fire(stretches(count=50), receiver.url, Pace(concurrency=2), refuse)
    assert len(receiver.requests) <= 4


def test_a_connection_is_kept_but_not_when_the_server_may_be_closing_it() -> None:
    with receiving() as receiver:
        fire(stretches("queued-only", count=3), receiver.url)
        fire(stretches("queued-only", count=2), receiver.url, Pace(rate=0.9))
    ports = [request.port for request in receiver.requests]
    assert len(set(ports[:3])) == 1
    assert len(set(ports[3:])) == 2


def test_percentiles_are_of_the_answers_in_milliseconds() -> None:
    report = Report()
    (prepared,) = told("signalwire", "busy-only")
    assert report.milliseconds(50) is None
    for millisecond in range(1, 101):
        report.note(Answer(prepared, "200", millisecond / 1000))
    assert (report.milliseconds(50), report.milliseconds(99)) == (50.0, 99.0)


def test_a_service_that_is_not_there_is_missed_before_anything_is_sent() -> None:
    address = nobody()
    with pytest.raises(FaxhooksError, match=f"make run. running on port {address[-5:]}"):
        check_reachable(address)
    with receiving() as receiver:
        check_reachable(receiver.url)
    assert receiver.requests == []


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://example.org", "http://[", ""])
def test_an_address_must_be_one(address: str) -> None:
    with pytest.raises(InvalidInputError, match="--url must be like"):
        check_reachable(address)
