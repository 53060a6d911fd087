"""Asking Fax.Plus: the bytes that leave, its tokens, and what its records are read as."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from faxhooks.domain.fax import Cost, Direction, Evidence, FaxStatus, Number, Source
from faxhooks.providers.asking import (
    CredentialsError,
    Page,
    Renewing,
    Sighting,
    StrangeAnswerError,
    Values,
    renew_alone,
)
from faxhooks.providers.connecting import Hook, HookClient
from faxhooks.providers.faxplus import FAXPLUS
from faxhooks.providers.faxplus.answers import RecordReader
from faxhooks.providers.faxplus.client import FaxPlusClient, Scope
from faxhooks.providers.faxplus.tokens import PersonalToken
from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from tests.fakes import config_of, send
from tests.providers.wire import answering, http, told

PAT = "alohi_pat_x"
SINCE = datetime(2020, 3, 27, tzinfo=UTC)
UNTIL = datetime(2020, 3, 28, tzinfo=UTC)

# The sample of the API reference, with every key of it.
FAX: dict[str, Any] = {
    "id": "5e7de3ad54cfd54eb568cc76",
    "owner_id": "74d5",
    "direction": "incoming",
    "status": "failed",
    "description": "OK",
    "from_number": "+12076001783",
    "to": "+12076001784",
    "pages": 2,
    "cost": 2,
    "cost_details": {"multiplier": 1, "notification_cost": 0},
    "duration": 0,
    "file": "ec28.tiff",
    "file_name": "fax-from-12076001783",
    "comment": "",
    "header": None,
    "is_read": False,
    "is_spam": False,
    "last_update": "2020-03-27 11:29:49",
    "max_retry": None,
    "retry_delay": None,
    "scheduled_time": None,
    "start_time": "2020-03-27 11:29:21",
    "submit_time": None,
}
SENT = {**FAX, "direction": "outgoing", "status": "success"}
WAITING: dict[str, Any] = {
    "id": "1a2b3c",
    "status": "converting",
    "src": "+12076001783",
    "to": ["+12076001784"],
    "page_count": 3,
    "submit_time": "2020-03-27 11:29:20 +0000",
    "send_time": "2020-03-27 11:29:20 +0000",
    "last_updated_status_time": "2020-03-27 11:29:21",
    "status_changes": [{"at": "2020-03-27 11:29:21", "status": "converting"}],
    "uid": "74d5",
}
NOT_THERE = told({"error": "not_found", "description": "x"}, "404 Not Found")


def client_at(origin: str, user: str = "self", page_size: int = 100) -> FaxPlusClient:
    scope = Scope(f"{origin}/v3", user, page_size=page_size)
    return FaxPlusClient(PersonalToken(PAT), RecordReader(), scope)


def lines(wire: Any) -> list[str]:
    return [head.splitlines()[0].removesuffix(" HTTP/1.1") for head in wire.heads]


def read(record: dict[str, Any], currency: str | None = None) -> Sighting:
    """A record of the faxes, once the outbox knew of none."""
    with answering(NOT_THERE, told(record)) as wire:
        reader, scope = RecordReader(currency=currency), Scope(f"{wire.origin}/v3")
        client = FaxPlusClient(PersonalToken(PAT), reader, scope)
        sighting = client.find_fax([record["id"]])
    assert sighting is not None
    return sighting


def test_a_fax_is_looked_for_in_the_outbox_and_then_among_the_faxes() -> None:
    with answering(NOT_THERE) as wire:
        assert client_at(wire.origin, "a/b").find_fax(["1", "2"]) is None
    account = "GET /v3/accounts/a%2Fb"
    assert lines(wire) == [f"{account}/{kind}/{n}" for n in "12" for kind in ("outbox", "faxes")]
    assert wire.header("Authorization") == f"Bearer {PAT}"
    assert wire.header("x-fax-clientid") is None


def test_a_list_is_the_outbox_the_faxes_sent_and_those_received() -> None:
    listed = told({"records": [WAITING]}), told({"data": {"records": []}})
    with answering(*listed) as wire:
        client, cursor, pages = client_at(wire.origin), None, []
        while True:
            pages.append(client.list_faxes(SINCE, UNTIL, cursor))
            if (cursor := pages[-1].next) is None:
                break
    window = "after=2020-03-27+00%3A00%3A00&before=2020-03-28+00%3A00%3A00"
    rest = f"{window}&limit=100&offset=0&sort_by=date&order=asc"
    assert lines(wire) == [
        "GET /v3/accounts/self/outbox",
        f"GET /v3/accounts/self/faxes?category=sent&{rest}",
        f"GET /v3/accounts/self/faxes?category=inbox&{rest}",
    ]
    assert [len(page.sightings) for page in pages] == [1, 0, 0]


def test_a_list_goes_on_by_offset_until_a_page_is_empty() -> None:
    first = told({"data": {"records": [SENT, {**SENT, "id": "b"}]}})
    second = told({"data": {"records": [{**SENT, "id": "c"}]}})
    with answering(first, second, told({"data": {"records": []}})) as wire:
        client, cursor = client_at(wire.origin), "sent"
        for _ in range(3):
            page = client.list_faxes(SINCE, UNTIL, cursor)
            cursor = page.next or ""
    assert [line.partition("offset=")[2].partition("&")[0] for line in lines(wire)] == [*"023"]
    assert cursor == "inbox"


def test_a_list_ends_where_offsets_are_ignored() -> None:
    with answering(told({"data": {"records": [SENT]}})) as wire:
        client = client_at(wire.origin)
        first = client.list_faxes(SINCE, UNTIL, "inbox")
        assert client.list_faxes(SINCE, UNTIL, first.next) == Page((), None)


@pytest.mark.parametrize(
    "shape",
    [
        lambda found: {"data": {"records": found}},
        lambda found: {"data": found},
        lambda found: {"records": found},
        lambda found: found,
    ],
)
def test_a_list_may_stand_in_any_of_its_wrappers(shape: Any) -> None:
    with answering(told(shape([SENT, "odd"]))) as wire:
        page = client_at(wire.origin).list_faxes(SINCE, UNTIL, "sent")
    assert page.sightings[0].events[0].status is FaxStatus.DELIVERED
    assert page.sightings[1].reason is not None


def test_every_field_of_a_fax_is_read() -> None:
    (event,) = read(FAX, "CHF").events
    assert event.references[0].id == FAX["id"]
    assert (event.source, event.evidence) == (Source.POLL, Evidence.CONFIRMED)
    assert (event.status, event.provider_status) == (FaxStatus.FAILED, "failed")
    assert event.direction is Direction.INBOUND
    assert event.sender == Number("+12076001783", "+12076001783")
    assert event.recipient == Number("+12076001784", "+12076001784")
    assert event.pages == 2
    assert event.cost == Cost("2", "CHF")
    assert event.occurred_at == datetime(2020, 3, 27, 11, 29, 49, tzinfo=UTC)
    assert event.reason == "provider.internal"
    assert event.drift is None


@pytest.mark.parametrize("name", ["from", "from_number"])
def test_the_sender_is_read_in_either_spelling(name: str) -> None:
    record = {key: value for key, value in SENT.items() if key != "from_number"}
    assert read({**record, name: "+1 334-304-0100"}).events[0].sender == Number(
        "+13343040100", "+1 334-304-0100"
    )


def test_a_cost_in_an_unknown_currency_is_none() -> None:
    assert read(SENT).events[0].cost is None


def test_the_list_tells_the_direction_where_the_record_does_not() -> None:
    record = {**SENT, "direction": None, "status": "success"}
    with answering(told({"data": {"records": [record]}})) as wire:
        client = client_at(wire.origin)
        (sent,) = client.list_faxes(SINCE, UNTIL, "sent").sightings
        (received,) = client.list_faxes(SINCE, UNTIL, "inbox").sightings
    assert sent.events[0].status is FaxStatus.DELIVERED
    assert received.events[0].status is FaxStatus.RECEIVED
    assert read(record).reason == "no direction: neither incoming nor outgoing"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("submitted", FaxStatus.QUEUED),
        ("scheduled_for_sending", FaxStatus.QUEUED),
        ("converting", FaxStatus.PROCESSING),
        ("sending", FaxStatus.SENDING),
    ],
)
def test_a_fax_in_the_outbox_is_on_its_way(word: str, status: FaxStatus) -> None:
    with answering(told({**WAITING, "status": word})) as wire:
        sighting = client_at(wire.origin).find_fax(["1a2b3c"])
    assert sighting is not None
    (event,) = sighting.events
    assert (event.status, event.provider_status) == (status, word)
    assert event.sender == Number("+12076001783", "+12076001783")
    assert event.recipient == Number("+12076001784", "+12076001784")
    assert event.pages == 3
    assert event.occurred_at == datetime(2020, 3, 27, 11, 29, 21, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2020-03-27 11:29:20 +0000", "2020-03-27 07:29:20 -0400"])
def test_a_time_with_its_offset_is_read_too(written: str) -> None:
    record = {**WAITING, "submit_time": written, "last_updated_status_time": None}
    with answering(told(record)) as wire:
        sighting = client_at(wire.origin).find_fax(["1a2b3c"])
    assert sighting is not None
    assert sighting.events[0].occurred_at == datetime(2020, 3, 27, 11, 29, 20, tzinfo=UTC)


def test_an_odd_time_is_drift_and_costs_no_status() -> None:
    (event,) = read({**SENT, "last_update": "yesterday"}).events
    assert (event.occurred_at, event.status) == (None, FaxStatus.DELIVERED)
    assert event.drift == "unreadable time: of the last change"


def test_a_word_that_no_outbox_knows_is_looked_up_among_the_faxes() -> None:
    with answering(told({**WAITING, "status": "done"}), told(SENT)) as wire:
        sighting = client_at(wire.origin).find_fax(["1a2b3c"])
    assert sighting is not None
    assert sighting.events[0].status is FaxStatus.DELIVERED
    with answering(told({**WAITING, "status": "done"}), NOT_THERE) as wire:
        kept = client_at(wire.origin).find_fax(["1a2b3c"])
    assert kept is not None
    assert kept.reason == "unknown status: done"


@pytest.fixture
def fake() -> Iterator[FaxPlusFake]:
    with FaxPlusFake().serve() as fake:
        yield fake


def made(config: dict[str, tuple[str, ...]], renewing: Renewing | None = None) -> FaxPlusClient:
    assert FAXPLUS.client is not None
    client = FAXPLUS.client(config, renewing or renew_alone(config))
    assert isinstance(client, FaxPlusClient)
    return client


@pytest.mark.parametrize("sample_spelling", [True, False])
def test_a_fax_with_another_id_once_it_is_sent_is_known_by_both(
    fake: FaxPlusFake, sample_spelling: bool
) -> None:
    fake.own_ids, fake.sample_spelling = True, sample_spelling
    session = send(fake)
    fake.clock.put_forward(600)
    sighting = made(dict(config_of(fake))).find_fax([session])
    assert sighting is not None
    own, asked = (reference.id for reference in sighting.events[0].references)
    assert asked == session
    assert own == json.loads(sighting.answer.body)["id"] != session
    assert sighting.events[0].sender is not None


def test_a_fax_that_is_tried_again_stays_open_until_it_is_settled(fake: FaxPlusFake) -> None:
    fake.behaviour = type(fake.behaviour)(outcomes={"failed_user_busy": 1})
    fax_id = send(fake, options={"retry": {"count": 2, "delay": 60}})
    client, seen = made(dict(config_of(fake))), []
    for _ in range(250):
        sighting = client.find_fax([fax_id])
        assert sighting is not None
        if not seen or seen[-1] != sighting.events[0].provider_status:
            seen.append(sighting.events[0].provider_status)
        fake.clock.put_forward(3)
    again = ["scheduled_for_sending", "sending"]
    assert seen == ["submitted", "converting", "sending", *again, *again, "failed_user_busy"]


def oauth(fake: FaxPlusFake, **other: str) -> dict[str, tuple[str, ...]]:
    config = dict(config_of(fake, **other))
    del config["access-token"]
    return config


@pytest.mark.parametrize("place", ["query", "form"])
def test_a_token_that_has_run_out_is_renewed_and_the_new_ones_are_kept(
    fake: FaxPlusFake, place: str
) -> None:
    kept: list[Values] = []
    config = oauth(fake, refresh_in=place)

    def renewing(renew: Any) -> Values:
        fresh = renew(config)
        config.update(fresh)
        kept.append(fresh)
        return fresh

    client = made(config, renewing)
    assert client.find_fax(["nobody"]) is None
    fake.tokens.expire()
    assert client.find_fax(["nobody"]) is None
    assert [set(each) for each in kept] == [{"oauth-token", "refresh-token"}] * 2
    assert len({each["refresh-token"] for each in kept}) == 2
    posts = [call for call in fake.calls if call.path == "/token"]
    assert [call.status for call in posts] == [200, 200]
    assert client.calls == len(fake.calls)


def test_a_token_that_somebody_else_renewed_is_taken_over(fake: FaxPlusFake) -> None:
    config = oauth(fake)
    shared = renew_alone(config)
    first, second = made(config, shared), made(config, shared)
    for client in (first, second, first):
        assert client.find_fax(["nobody"]) is None
    assert len([call for call in fake.calls if call.path == "/token"]) == 1


def test_a_refresh_asks_as_documented() -> None:
    fresh = told({"access_token": "new", "refresh_token": "next"})
    with answering(fresh, NOT_THERE) as wire:
        config = {
            "client-id": ("APIK-a",),
            "client-secret": ("s",),
            "refresh-token": ("r/+",),
            "base-url": (f"{wire.origin}/v3",),
            "token-url": (f"{wire.origin}/token",),
        }
        made(config).find_fax(["a"])
    assert lines(wire)[0] == "POST /token?grant_type=refresh_token&refresh_token=r%2F%2B"
    assert wire.header("Authorization", 0) == f"Basic {b64encode(b'APIK-a:s').decode()}"
    assert wire.header("Authorization", 1) == "Bearer new"
    assert wire.header("x-fax-clientid", 1) == "APIK-a"


@pytest.mark.parametrize(
    "answer",
    [
        told({"error": "invalid_grant"}, "400 Bad Request"),
        told({}),
        told({"access_token": 5}),
        told({"access_token": "a", "refresh_token": [1]}),
    ],
)
def test_a_refresh_that_fails_is_a_persons_to_repair(answer: bytes) -> None:
    with answering(answer) as wire:
        config = {
            "client-id": ("APIK-a",),
            "client-secret": ("s3cret",),
            "refresh-token": ("r3fresh",),
            "token-url": (f"{wire.origin}/token",),
        }
        with pytest.raises(CredentialsError, match="authorize the account again") as caught:
            made(config).find_fax(["a"])
    assert "r3fresh" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_token_that_is_refused_again_is_renewed_once_only(fake: FaxPlusFake) -> None:
    config = oauth(fake)
    client = made(config)
    fake.tokens.let_in = lambda _: False  # type: ignore[method-assign]
    with pytest.raises(CredentialsError):
        client.find_fax(["a"])
    assert [call.path for call in fake.calls].count("/token") == 2


def test_hooks_are_added_listed_and_removed(fake: FaxPlusFake) -> None:
    client = made(dict(config_of(fake)))
    assert isinstance(client, HookClient)
    hooks = [client.add_hook("https://h.example/x", event) for event in client.hook_events]
    assert [hook.event for hook in hooks] == ["fax_sent", "fax_received"]
    assert client.list_hooks() == tuple(hooks)
    client.remove_hook(hooks[0].id)
    client.remove_hook(hooks[0].id)
    assert client.list_hooks() == (hooks[1],)


def test_a_hook_is_asked_for_as_documented() -> None:
    empty = told({"data": []})
    with answering(told({"id": "h1"}, "201 Created"), empty, empty, http(b"")) as wire:
        client = client_at(wire.origin)
        assert client.add_hook("https://h/x", "fax_sent") == Hook("h1", "https://h/x", "fax_sent")
        client.list_hooks()
        client.remove_hook("h1")
    assert wire.requests[0][1] == b'{"target":"https://h/x","event":"fax_sent"}'
    assert lines(wire) == [
        "POST /v3/hooks",
        "GET /v3/hooks?event=fax_sent",
        "GET /v3/hooks?event=fax_received",
        "DELETE /v3/hooks/h1",
    ]


@pytest.mark.parametrize("answer", [told({}), told({"id": 5}), told({"data": [{"target": "x"}]})])
def test_a_hook_without_an_id_is_no_hook(answer: bytes) -> None:
    with answering(answer) as wire:
        with pytest.raises(StrangeAnswerError):
            client_at(wire.origin).add_hook("https://h/x", "fax_sent")
        with pytest.raises(StrangeAnswerError):
            client_at(wire.origin).list_hooks()


def test_only_what_began_in_the_window_is_listed(fake: FaxPlusFake) -> None:
    send(fake)
    fake.receive()
    fake.clock.put_forward(600)
    client, now = made(dict(config_of(fake))), fake.clock.now()
    for since, count in ((now - timedelta(hours=1), 1), (now - timedelta(seconds=60), 0)):
        for category in ("sent", "inbox"):
            assert len(client.list_faxes(since, now, category).sightings) == count


def test_a_missing_scope_renews_no_token() -> None:
    with answering(told({"error": "forbidden"}, "403 Forbidden")) as wire:
        config = {
            "client-id": ("APIK-a",),
            "client-secret": ("s",),
            "refresh-token": ("r",),
            "oauth-token": ("t",),
            "base-url": (f"{wire.origin}/v3",),
            "token-url": (f"{wire.origin}/token",),
        }
        with pytest.raises(CredentialsError, match="403"):
            made(config).find_fax(["a"])
    assert lines(wire) == ["GET /v3/accounts/self/outbox/a"]
