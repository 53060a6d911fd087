"""What holds for every provider that can be sent through, against a fake of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from faxhooks.domain.fax import Direction, Evidence, FaxStatus, Source
from faxhooks.domain.lifecycle import fold
from faxhooks.domain.reasons import REASONS
from faxhooks.providers.asking import ProviderError
from faxhooks.providers.registry import PROVIDERS
from faxhooks.providers.sending import CoverPage, Document, InvalidOrderError, Order, Sender
from faxhooks.simulator.fakes.behaviour import WELL, Behaviour
from faxhooks.simulator.fakes.fake import Fake
from faxhooks.simulator.fakes.registry import FAKES, TRIALS
from tests.fakes import config_of
from tests.providers.contract import check_event
from tests.providers.orders import FILES, TO
from tests.providers.sent import UNIFIED, order, sender_of, taken_by
from tests.providers.wire import answering, http
from tests.simulator.receivers import nobody

SENDING = [name for name, provider in PROVIDERS.items() if provider.sender is not None]
each = pytest.mark.parametrize("name", SENDING)


@pytest.fixture
def fake(name: str) -> Iterator[Fake]:
    with FAKES[name](WELL, TRIALS[name]).serve() as fake:
        yield fake


@pytest.fixture
def sender(name: str, fake: Fake) -> Iterator[Sender]:
    made = sender_of(name, config_of(fake))
    yield made
    made.close()


def test_all_four_can_be_sent_through_and_have_a_fake() -> None:
    assert {"signalwire", "faxplus", *UNIFIED} <= set(SENDING)
    assert set(SENDING) <= set(FAKES)


@each
def test_a_fax_that_is_taken_is_queued_by_our_own_word(
    name: str, fake: Fake, sender: Sender
) -> None:
    sent = sender.send(order(name))
    event = sent.event
    check_event(event)
    assert len(taken_by(fake)) == 1
    assert (event.source, event.evidence) == (Source.SEND, Evidence.OWN)
    assert (event.status, event.direction) == (FaxStatus.QUEUED, Direction.OUTBOUND)
    assert event.recipient is not None
    assert event.recipient.value == TO
    assert event.references == sent.references
    assert sent.answer.body
    assert fold([event]).status is FaxStatus.QUEUED
    assert sender.calls >= 1


@each
def test_two_faxes_alike_are_two_facts(name: str, sender: Sender) -> None:
    first, second = (sender.send(order(name)).event for _ in range(2))
    assert first.digest != second.digest
    assert not set(first.references) & set(second.references)


@each
def test_files_of_each_type_that_it_takes_are_sent(name: str, fake: Fake, sender: Sender) -> None:
    for kind in sender.abilities.media_types:
        sender.send(order(name, FILES[kind]))
    assert len(taken_by(fake)) == len(sender.abilities.media_types)
    for kind in FILES.keys() - sender.abilities.media_types.keys():
        with pytest.raises(InvalidOrderError) as caught:
            sender.send(order(name, FILES[kind]))
        assert [fault.reason for fault in caught.value.faults] == ["document.type"]


@each
def test_as_many_files_as_it_takes_are_sent_and_no_more(
    name: str, fake: Fake, sender: Sender
) -> None:
    most = sender.abilities.most_files
    assert most is not None
    sender.send(order(name, *[FILES["application/pdf"]] * most))
    assert len(taken_by(fake)) == 1
    with pytest.raises(InvalidOrderError):
        sender.send(order(name, *[FILES["application/pdf"]] * (most + 1)))


LATER = datetime.now(UTC) + timedelta(days=1)
CHOICES: list[tuple[str, dict[str, Any]]] = [
    ("quality", {"quality": "fine"}),
    ("ttl", {"ttl": 60}),
    ("schedule_at", {"schedule_at": LATER}),
    ("retries", {"retries": 1}),
    ("cover_page", {"cover_page": CoverPage(subject="S")}),
    ("comment", {"comment": "c"}),
]


@each
@pytest.mark.parametrize(("field", "fields"), CHOICES)
def test_a_choice_is_taken_or_refused_by_its_name_as_the_abilities_say(
    name: str, fake: Fake, sender: Sender, field: str, fields: dict[str, Any]
) -> None:
    can = sender.abilities
    able = {
        "quality": bool(can.qualities),
        "ttl": bool(can.ttl),
        "schedule_at": can.schedules,
        "retries": can.retries > 0,
        "cover_page": can.cover_page,
        "comment": can.comment,
    }
    if able[field]:
        sender.send(order(name, **fields))
        assert len(taken_by(fake)) == 1
        return
    with pytest.raises(InvalidOrderError) as caught:
        sender.send(order(name, **fields))
    assert [(fault.field, fault.reason) for fault in caught.value.faults] == [
        (field, "request.other")
    ]
    assert fake.calls == []


@each
def test_every_fault_of_an_order_is_named_at_once(name: str, fake: Fake, sender: Sender) -> None:
    wrong = Document(name="", media_type="image/gif", content=b"x", url="x")
    with pytest.raises(InvalidOrderError) as caught:
        sender.send(Order(to="nobody", sender="a\nb", documents=(wrong,), quality="x", ttl=-1))
    named = {fault.field for fault in caught.value.faults}
    assert {"to", "from", "documents/0", "quality", "ttl"} <= named
    assert {fault.reason for fault in caught.value.faults} <= set(REASONS)
    assert "nobody" not in str(caught.value)
    assert fake.calls == []


@each
def test_what_can_be_canceled_and_searched_can_be_asked(name: str, sender: Sender) -> None:
    asked = PROVIDERS[name].client is not None
    assert sender.abilities.cancels is sender.abilities.searches is asked
    assert sender.abilities.calls_back is (name == "signalwire")
    assert sender.abilities.per_second == (1.0 if name == "signalwire" else None)


@each
def test_wrong_credentials_say_so_and_are_not_shown(name: str, fake: Fake) -> None:
    config = dict(config_of(fake))
    for option in PROVIDERS[name].options:
        if option.secret and option.name in config:
            config[option.name] = (f"{config[option.name][0]}WRONG",)
    with pytest.raises(ProviderError) as caught:
        sender_of(name, config).send(order(name))
    assert (caught.value.reason, caught.value.maybe_done) == ("account.not_allowed", False)
    assert "WRONG" not in str(caught.value)
    assert len(taken_by(fake)) == 0


FAULTS = [
    Behaviour(throttle=1),
    Behaviour(fail=1),
    Behaviour(garble=1),
    *(Behaviour(hang=0.7, hang_seconds=0, seed=seed) for seed in range(3)),
    *(Behaviour(fail=0.5, garble=0.5, seed=seed) for seed in range(3)),
]


def failure_of(sender: Sender, order: Order) -> ProviderError | None:
    try:
        sender.send(order)
    except ProviderError as error:
        return error
    return None


@each
@pytest.mark.parametrize("behaviour", FAULTS)
def test_what_is_said_not_to_be_sent_never_is_and_what_is_said_to_be_is(
    name: str, behaviour: Behaviour
) -> None:
    """Ten orders, one after the other, to a provider that misbehaves: the count is exact."""
    with FAKES[name](behaviour, TRIALS[name]).serve() as fake:
        sender = sender_of(name, config_of(fake))
        for number in range(10):
            before = len(taken_by(fake))
            error = failure_of(sender, order(name, to=f"+1310445{number:04}"))
            made = len(taken_by(fake)) - before
            assert made == 1 if error is None else made == 0 or (made == 1 and error.maybe_done)
            assert error is None or error.reason in REASONS


@each
def test_with_nobody_there_nothing_was_sent(name: str) -> None:
    with FAKES[name](WELL, TRIALS[name]).serve() as fake:
        led = dict.fromkeys(fake.options, (nobody(),))
        with pytest.raises(ProviderError) as caught:
            sender_of(name, {**config_of(fake), **led}).send(order(name))
    assert caught.value.again
    assert not caught.value.maybe_done


@pytest.mark.parametrize("status", ["413 Too Large", "429 Too Many", "500 Oh", "302 Found"])
@each
def test_any_answer_has_a_reason(name: str, status: str) -> None:
    with FAKES[name](WELL, TRIALS[name]).serve() as fake, answering(http(b"", status)) as wire:
        led = dict.fromkeys(fake.options, (wire.origin,))
        with pytest.raises(ProviderError) as caught:
            sender_of(name, {**config_of(fake), **led}).send(order(name))
    assert caught.value.reason in REASONS


def test_an_orders_documents_and_addresses_are_not_in_its_repr() -> None:
    document = replace(FILES["application/pdf"], url="https://x/media/t0ken")
    assert "t0ken" not in repr(document)
    assert "PDF-1" not in repr(document)
