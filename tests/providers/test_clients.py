"""What holds for the client of every provider that can be asked, against a fake of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from faxhooks.domain.fax import Evidence, FaxStatus, Outcome, Source
from faxhooks.domain.lifecycle import fold
from faxhooks.providers.asking import (
    AwayError,
    Client,
    CredentialsError,
    Page,
    ProviderError,
    RefusedError,
    Sighting,
    StrangeAnswerError,
    ThrottledError,
    renew_alone,
)
from faxhooks.providers.base import Config
from faxhooks.providers.registry import PROVIDERS
from faxhooks.simulator.fakes.behaviour import WELL, Behaviour
from faxhooks.simulator.fakes.fake import Fake
from faxhooks.simulator.fakes.registry import FAKES, TRIALS
from tests.fakes import client_of, config_of, send
from tests.providers.contract import a_value, check_event, check_reason
from tests.providers.wire import answering, http, told

ASKED = [name for name, provider in PROVIDERS.items() if provider.client is not None]
START = datetime(2026, 1, 13, 21, 54, 46, tzinfo=UTC)
DAY = timedelta(days=1)

each = pytest.mark.parametrize("name", ASKED)


@pytest.fixture
def fake(name: str) -> Iterator[Fake]:
    with FAKES[name](WELL, TRIALS[name], start=START).serve() as fake:
        yield fake


@pytest.fixture
def config(fake: Fake) -> Config:
    return config_of(fake)


@pytest.fixture
def client(name: str, config: Config) -> Iterator[Client]:
    client = client_of(name, config)
    yield client
    client.close()


def found(client: Client, fax_id: str) -> Sighting:
    sighting = client.find_fax([fax_id])
    assert sighting is not None
    return sighting


def pages(client: Client) -> Iterator[Page]:
    cursor = None
    while True:
        page = client.list_faxes(START - DAY, START + DAY, cursor)
        yield page
        if (cursor := page.next) is None:
            return


@each
def test_who_can_be_asked_has_a_fake_and_reads_its_answers_again(name: str) -> None:
    assert name in FAKES
    assert name in TRIALS
    assert PROVIDERS[name].read_answer is not None


@each
def test_an_account_without_credentials_has_no_client(name: str) -> None:
    provider = PROVIDERS[name]
    config = {each.name: (a_value(each),) for each in provider.options if each.required}
    assert provider.client is not None
    assert provider.client(config, renew_alone(config)) is None


@each
def test_an_answer_is_a_confirmed_fact_and_is_read_again_alike(
    name: str, fake: Fake, client: Client, config: Config
) -> None:
    fax_id = send(fake)
    for _ in range(4):
        sighting = found(client, fax_id)
        (event,) = sighting.events
        check_event(event)
        assert (event.source, event.evidence) == (Source.POLL, Evidence.CONFIRMED)
        assert fax_id in [reference.id for reference in event.references]
        assert event.drift is None
        assert sighting.digest == event.digest
        read_answer = PROVIDERS[name].read_answer
        assert read_answer is not None
        assert read_answer(config, sighting.answer) == sighting.events
        fake.clock.put_forward(150)
    assert event.status is FaxStatus.DELIVERED


@each
def test_the_same_state_is_the_same_fact_however_often_it_is_asked_for(
    fake: Fake, client: Client
) -> None:
    fax_id = send(fake)
    fake.clock.put_forward(600)
    assert found(client, fax_id).digest == found(client, fax_id).digest
    earlier = found(client, fax_id).events[0]
    again = found(client, fax_id).events[0]
    assert again._replace(received_at=earlier.received_at) == earlier


@each
def test_a_fax_goes_its_way_and_never_back(fake: Fake, client: Client) -> None:
    fax_id = send(fake)
    seen = []
    for _ in range(20):
        seen.append(found(client, fax_id).events[0])
        fake.clock.put_forward(5)
    fake.clock.put_forward(300)
    seen.append(found(client, fax_id).events[0])
    ranks = [event.status.rank for event in seen if event.status]
    assert ranks == sorted(ranks)
    assert {10, 20, 30, 50} <= set(ranks)
    state = fold(seen)
    assert (state.status, state.evidence) == (FaxStatus.DELIVERED, Evidence.CONFIRMED)


@each
def test_a_list_has_every_fax_once_in_the_bytes_of_its_record(
    name: str, fake: Fake, client: Client, config: Config
) -> None:
    sent = [send(fake) for _ in range(7)]
    for passed in (0, 600):
        fake.clock.put_forward(passed)
        listed = [sighting for page in pages(client) for sighting in page.sightings]
        facts = [event for sighting in listed for event in sighting.events]
        assert sorted(fact.references[0].id for fact in facts) == sorted(sent)
        for sighting in listed:
            read_answer = PROVIDERS[name].read_answer
            assert read_answer is not None
            assert read_answer(config, sighting.answer) == sighting.events
    alone = {found(client, fax_id).digest for fax_id in sent}
    assert alone == {sighting.digest for sighting in listed}


@each
def test_a_list_has_only_what_was_made_in_its_time(fake: Fake, client: Client) -> None:
    send(fake)
    fake.clock.put_forward(600)
    cursor: str | None = None
    while True:
        page = client.list_faxes(START - DAY, START - DAY / 2, cursor)
        assert page.sightings == ()
        if (cursor := page.next) is None:
            return


@each
@pytest.mark.parametrize("ids", [[], ["nobody"], ["..", ".", "", "a/b", "a?b=c#d", "ü\0"]])
def test_a_fax_that_is_not_there_is_none(fake: Fake, client: Client, ids: list[str]) -> None:
    assert client.find_fax(ids) is None
    assert all(call.status == 404 for call in fake.calls)


@each
def test_the_first_id_that_is_known_will_do(fake: Fake, client: Client) -> None:
    fax_id = send(fake)
    sighting = client.find_fax(["nobody", fax_id])
    assert sighting is not None
    assert sighting.events[0].references[0].id == fax_id


@each
def test_every_request_is_counted(fake: Fake, client: Client) -> None:
    client.find_fax(["nobody"])
    list(pages(client))
    assert client.calls == len(fake.calls) >= 2


@each
def test_a_waiting_fax_is_canceled_and_a_later_one_is_not(fake: Fake, client: Client) -> None:
    first, second = send(fake), send(fake)
    sighting = client.cancel_fax([first])
    assert sighting is None or sighting.events[0].status is FaxStatus.CANCELED
    fake.clock.put_forward(600)
    for fax_id in (second, "nobody"):
        with pytest.raises(RefusedError) as caught:
            client.cancel_fax([fax_id])
        assert not caught.value.maybe_done


@each
def test_wrong_credentials_are_said_to_be_that_and_are_not_shown(name: str, fake: Fake) -> None:
    wrong = {key: (f"{values[0]}WRONG",) for key, values in fake.secrets.items()}
    kept = {"project-id": fake.secrets.get("project-id", ())}
    with pytest.raises(CredentialsError) as caught:
        client_of(name, {**config_of(fake), **wrong, **kept}).find_fax(["a"])
    assert "WRONG" not in str(caught.value)
    assert "credentials" in str(caught.value)


@each
@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(throttle=1), ThrottledError),
        (Behaviour(throttle=1, retry_after="date"), ThrottledError),
        (Behaviour(fail=1), AwayError),
        (Behaviour(hang=1, hang_seconds=0), AwayError),
        (Behaviour(garble=1), StrangeAnswerError),
    ],
)
def test_a_fault_is_an_error_that_says_to_come_again(
    fake: Fake, client: Client, behaviour: Behaviour, error: type[ProviderError]
) -> None:
    fax_id = send(fake)
    fake.behaviour = behaviour
    for ask in (lambda: client.find_fax([fax_id]), lambda: list(pages(client))):
        with pytest.raises(error) as caught:
            ask()
        assert caught.value.again
        if isinstance(caught.value, ThrottledError):
            assert caught.value.after is not None
            assert 0 <= caught.value.after <= 2


STRANGE = [
    http(b""),
    http(b"null"),
    http(b"[]"),
    http(b"[1]"),
    http(b'{"faxes": 1}'),
    http(b'{"faxes": [1, "a", null, [], {}], "records": [1, "a", null, [], {}]}'),
    http(b'{"sid": "\\u0000", "id": "\\u0000"}'),
    http(b'{"sid": "a", "id": "a", "status": 1, "direction": []}'),
    http(b'{"sid": "a", "id": "a", "status": "nobody knows", "direction": "incoming"}'),
    http(b'{"sid": {"a": 1}, "id": {"a": 1}}'),
    http(b"[" * 50_000),
    http(b'{"faxes": [], "next_page_uri": 5, "records": []}'),
    http(b'{"faxes": [], "next_page_uri": "https://evil.example/", "records": []}'),
    http(b"\xff\xfe"),
    told({"errors": ["no"]}, "418 Teapot"),
]


@each
@pytest.mark.parametrize("answer", STRANGE)
def test_whatever_it_says_nothing_but_a_providers_error_is_raised(
    name: str, fake: Fake, answer: bytes
) -> None:
    with answering(answer) as wire:
        led = dict.fromkeys(fake.options, (wire.origin,))
        client = client_of(name, {**config_of(fake), **led})
        for ask in (
            lambda: [client.find_fax(["a"])],
            lambda: [each for page in pages(client) for each in page.sightings],
        ):
            try:
                sightings = ask()
            except ProviderError:
                continue
            for sighting in sightings:
                assert sighting is None or sighting.events or sighting.reason
                if sighting is not None and sighting.reason:
                    check_reason(sighting.reason)
                    assert len(sighting.digest) == 32


@each
def test_every_end_is_confirmed_with_its_reason(name: str, fake: Fake, client: Client) -> None:
    ends = {
        "signalwire": ("delivered", "busy", "no-answer", "failed", "canceled"),
        "faxplus": ("success", "failed_user_busy", "failed_fs_49", "insufficient_credit"),
    }
    for word in ends[name]:
        fake.behaviour = Behaviour(outcomes={word: 1})
        fax_id = send(fake)
        fake.clock.put_forward(600)
        (event,) = found(client, fax_id).events
        assert event.provider_status == word
        assert event.status is not None
        assert event.status.is_final
        failed = event.status.outcome is not Outcome.SUCCESS
        assert (event.reason is not None) is failed
