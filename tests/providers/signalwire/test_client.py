"""Asking SignalWire: the bytes that leave, and what its records are read as."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from faxhooks.domain.fax import Cost, Direction, Evidence, FaxError, FaxStatus, Number, Source
from faxhooks.providers.asking import RefusedError, StrangeAnswerError
from faxhooks.providers.signalwire.client import Media, SignalWireClient, code_of
from faxhooks.simulator.fakes.signalwire import SignalWireFake
from tests.fakes import send
from tests.providers.wire import answering, http, told

PROJECT = "b3877c40-da60-4998-90ad-b792e98472af"
SID = "c9a1d3e4-56f7-49ab-8def-0123456789ab"
FAXES = f"/api/laml/2010-04-01/Accounts/{PROJECT}/Faxes"
SINCE = datetime(2026, 1, 13, 22, 54, 46, 999, tzinfo=timezone(timedelta(hours=1)))
UNTIL = datetime(2026, 1, 14, tzinfo=UTC)

# The keys of FaxResponse in the OpenAPI description, with the example of a price from there.
RECORD: dict[str, Any] = {
    "account_sid": PROJECT,
    "api_version": "v1",
    "date_created": "2026-01-13T21:54:46Z",
    "date_updated": "2026-01-13T21:56:00Z",
    "direction": "outbound",
    "from": "+13105550100",
    "media_url": "https://files.signalwire.com/a.pdf",
    "media_sid": "0b8c2b6e-3d2e-4c55-9f0e-6f4a5d1c2b3a",
    "num_pages": "2",
    "price": "-0.005",
    "price_unit": "USD",
    "quality": "fine",
    "sid": SID,
    "status": "delivered",
    "to": "+13105550101",
    "duration": 74,
    "links": {"media": f"https://example.signalwire.com{FAXES}/{SID}/Media"},
    "url": f"https://example.signalwire.com{FAXES}/{SID}",
    "error_code": None,
    "error_message": None,
}


def client_at(origin: str, page_size: int = 200) -> SignalWireClient:
    return SignalWireClient(PROJECT, "PTtoken", origin, page_size=page_size)


def read(**changed: Any) -> Any:
    with answering(told({**RECORD, **changed})) as wire:
        sighting = client_at(wire.origin).find_fax([SID])
    assert sighting is not None
    return sighting


def test_a_fax_is_asked_for_by_its_path_with_basic_authentication() -> None:
    with answering(told(RECORD)) as wire:
        client_at(wire.origin).find_fax([SID])
    assert wire.heads[0].splitlines()[0] == f"GET {FAXES}/{SID} HTTP/1.1"
    expected = b64encode(f"{PROJECT}:PTtoken".encode()).decode()
    assert wire.header("Authorization") == f"Basic {expected}"
    assert wire.requests[0][1] == b""


def test_a_list_is_asked_for_by_times_in_utc() -> None:
    with answering(told({"faxes": [], "next_page_uri": None})) as wire:
        client_at(wire.origin).list_faxes(SINCE, UNTIL)
    assert wire.heads[0].splitlines()[0] == (
        f"GET {FAXES}?DateCreatedAfter=2026-01-13T21%3A54%3A46Z"
        "&DateCreatedOnOrBefore=2026-01-14T00%3A00%3A00Z&PageSize=200 HTTP/1.1"
    )


def test_a_fax_is_canceled_by_a_form() -> None:
    with answering(told({**RECORD, "status": "canceled"})) as wire:
        sighting = client_at(wire.origin).cancel_fax([SID])
    head, body = wire.requests[0]
    assert head.splitlines()[0] == f"POST {FAXES}/{SID} HTTP/1.1"
    assert wire.header("Content-Type") == "application/x-www-form-urlencoded"
    assert body == b"Status=canceled"
    assert sighting is not None
    assert sighting.events[0].status is FaxStatus.CANCELED


def test_a_fax_that_is_under_way_cannot_be_canceled() -> None:
    refusal = told({"code": 10000, "message": "no", "more_info": "x", "status": 422}, "422 No")
    with answering(refusal) as wire, pytest.raises(RefusedError) as caught:
        client_at(wire.origin).cancel_fax([SID])
    assert caught.value.code == "10000"


def test_every_field_of_a_record_becomes_what_it_is_in_a_callback() -> None:
    (event,) = read().events
    assert event.references[0].id == SID
    assert event.status is FaxStatus.DELIVERED
    assert event.provider_status == "delivered"
    assert (event.source, event.evidence) == (Source.POLL, Evidence.CONFIRMED)
    assert event.occurred_at == datetime(2026, 1, 13, 21, 56, tzinfo=UTC)
    assert event.direction is Direction.OUTBOUND
    assert event.sender == Number("+13105550100", "+13105550100")
    assert event.recipient == Number("+13105550101", "+13105550101")
    assert (event.pages, event.duration) == (2, 74)
    assert event.cost == Cost("0.005", "USD")
    assert event.media_url == "https://files.signalwire.com/a.pdf"
    assert (event.error, event.drift) == (None, None)


def test_what_is_null_is_unknown() -> None:
    empty = dict.fromkeys(
        ["num_pages", "price", "price_unit", "quality", "duration", "media_url", "media_sid"]
    )
    (event,) = read(**empty, status="queued").events
    assert (event.pages, event.cost, event.duration, event.media_url) == (None,) * 4


def test_a_failure_has_the_reason_that_a_callback_would_give_it() -> None:
    error = {"error_code": "34004", "error_message": "The call dropped prematurely"}
    (event,) = read(status="failed", **error).events
    assert event.reason == "line.dropped"
    assert event.error == FaxError("34004", "The call dropped prematurely")
    (inbound,) = read(status="failed", direction="inbound", **error).events
    assert inbound.reason == "rx.incomplete"


@pytest.mark.parametrize("written", ["2026-01-13T21:56:00Z", "Tue, 13 Jan 2026 21:56:00 +0000"])
def test_both_writings_of_a_time_are_read(written: str) -> None:
    assert read(date_updated=written).events[0].occurred_at.minute == 56


def test_a_later_price_is_another_fact_of_the_same_end() -> None:
    before, after = read(price=None, price_unit=None), read()
    assert before.digest != after.digest
    assert before.events[0].status is after.events[0].status


@pytest.mark.parametrize(("price", "unit"), [("free", "USD"), ("-1e3", "USD"), ("0.1", None)])
def test_an_odd_price_is_drift_and_costs_no_status(price: str, unit: str | None) -> None:
    (event,) = read(price=price, price_unit=unit).events
    assert event.status is FaxStatus.DELIVERED
    assert event.cost is None
    assert event.drift == "unreadable price: price"


def test_a_word_that_nobody_knows_is_kept_as_unread() -> None:
    sighting = read(status="teleported")
    assert sighting.events == ()
    assert sighting.reason == "unknown status: teleported"
    assert json.loads(sighting.answer.body)["sid"] == SID


def test_the_completed_of_a_call_moves_nothing_and_asks_for_nothing_more() -> None:
    (event,) = read(status="completed").events
    assert event.status is None
    assert not event.asks_poll


def test_an_answer_about_another_fax_is_no_answer() -> None:
    with pytest.raises(StrangeAnswerError, match="another fax"):
        read(sid="0b8c2b6e-3d2e-4c55-9f0e-6f4a5d1c2b3a")


def test_an_id_is_known_in_either_case() -> None:
    assert read(sid=SID.upper()).events


@pytest.fixture
def fake() -> Iterator[SignalWireFake]:
    with SignalWireFake().serve() as fake:
        yield fake


def test_every_page_is_followed_to_the_end(fake: SignalWireFake) -> None:
    sent = [send(fake) for _ in range(5)]
    client = SignalWireClient(PROJECT, fake.secrets["api-token"][0], fake.url, page_size=2)
    now = fake.clock.now()
    window, sizes, seen, cursor = (now - timedelta(1), now + timedelta(1)), [], [], None
    while True:
        page = client.list_faxes(*window, cursor)
        sizes.append(len(page.sightings))
        seen += [each.events[0].references[0].id for each in page.sightings]
        if len(sizes) == 1:
            send(fake)  # What comes in meanwhile moves nothing.
        if (cursor := page.next) is None:
            break
    client.close()
    assert sizes == [2, 2, 1]
    assert sorted(seen) == sorted(sent)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/laml?Page=1",
        "//evil.example/x",
        "http://127.0.0.1:1/x",
        "https://example.signalwire.com@evil.example/",
    ],
)
def test_a_next_page_on_another_host_is_refused_before_it_is_asked(link: str) -> None:
    with (
        answering(told({"faxes": [], "next_page_uri": link})) as wire,
        pytest.raises(StrangeAnswerError, match="another host"),
    ):
        client_at(wire.origin).list_faxes(SINCE, UNTIL)
    with pytest.raises(StrangeAnswerError, match="another host"):
        client_at("http://127.0.0.1:9").list_faxes(SINCE, UNTIL, link)


def test_the_next_page_is_asked_for_as_it_was_given() -> None:
    link = "/fax/v1/Faxes?PageSize=50&Page=1&PageToken=PAb"
    with answering(told({"faxes": [], "next_page_uri": link})) as wire:
        client = client_at(wire.origin)
        page = client.list_faxes(SINCE, UNTIL)
        client.list_faxes(SINCE, UNTIL, page.next)
    assert wire.heads[1].splitlines()[0] == f"GET {link} HTTP/1.1"


@pytest.mark.parametrize("name", ["media", "fax_media"])
def test_documents_are_listed_under_either_name(name: str) -> None:
    item = {"sid": "m1", "content_type": "application/pdf", "url": "https://files.example/a.pdf"}
    with answering(told({name: [item]})) as wire:
        found = client_at(wire.origin).list_media(SID)
    assert wire.heads[0].splitlines()[0] == f"GET {FAXES}/{SID}/Media HTTP/1.1"
    assert found == (Media("m1", "application/pdf", "https://files.example/a.pdf"),)


def test_a_fax_that_is_not_there_has_no_documents() -> None:
    with answering(told({}, "404 Not Found")) as wire:
        assert client_at(wire.origin).list_media(SID) == ()
    with (
        answering(http('{"media": [{"sid": ""}]}')) as wire,
        pytest.raises(StrangeAnswerError, match="cannot be read"),
    ):
        client_at(wire.origin).list_media(SID)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"code": 21211, "message": "x", "more_info": "x", "status": 422}, "21211"),
        ({"errors": [{"code": "20003", "message": "x"}]}, "20003"),
        ({"errors": ["text"]}, None),
        ({"errors": []}, None),
        ({}, None),
    ],
)
def test_an_error_is_read_from_either_envelope(said: dict[str, Any], code: str | None) -> None:
    assert code_of(said) == code
