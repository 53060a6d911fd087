"""How forms and queries are read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Direction, FaxError, FaxStatus, Number, Reference
from faxhooks.domain.lifecycle import fold
from faxhooks.providers import reading

from .requests import ADAPTER, ARRIVED, form, query, recorded

FAX = "c9a1d3e4-56f7-49ab-8def-0123456789ab"
ADDRESS = "https://files.signalwire.com/b3877c40/fax/0b8c2b6e.pdf"


def read(callback):
    (event,) = ADAPTER.normalize(callback)
    return event


def told(**fields):
    """The event of a form with these parameters and an id."""
    return read(form({"FaxSid": "f1", **fields}))


def unreadable(callback):
    with pytest.raises(UnreadableError) as caught:
        ADAPTER.normalize(callback)
    return str(caught.value)


@pytest.mark.parametrize("name", ["documented_sent_delivered", "documented_sent_delivered_get"])
def test_a_delivered_fax_is_read_in_full(name):
    event = read(recorded(name))
    assert (event.status, event.provider_status) == (FaxStatus.DELIVERED, "delivered")
    assert event.references == (Reference(FAX),)
    assert event.direction is Direction.OUTBOUND
    assert event.sender == Number("+13103383454", "+13103383454")
    assert event.recipient == Number("+13104456789", "+13104456789")
    assert (event.pages, event.remote_station_id) == (2, "+1 310 445 6789")
    assert event.media_url == ADDRESS
    assert event.occurred_at == datetime(2026, 1, 13, 21, 54, 46, tzinfo=UTC)
    assert event.received_at == ARRIVED
    assert (event.reason, event.error, event.detail, event.drift) == (None, None, None, None)


def test_a_form_and_a_query_state_the_same_fact():
    in_form = read(recorded("documented_sent_delivered"))
    assert in_form == read(recorded("documented_sent_delivered_get"))


def test_the_documented_sample_of_a_received_fax_is_read():
    event = read(recorded("documented_received"))
    assert (event.status, event.pages, event.media_url) == (FaxStatus.RECEIVED, 2, ADDRESS)
    assert event.direction is None
    assert fold([event]).direction is Direction.INBOUND


def test_a_number_that_asks_begins_an_incoming_fax():
    event = read(recorded("documented_number_asks"))
    assert (event.status, event.direction) == (FaxStatus.RECEIVING, Direction.INBOUND)
    assert event.provider_status is None
    received = read(recorded("documented_received"))._replace(received_at=ARRIVED)
    assert fold([received, event]).status is FaxStatus.RECEIVED


def test_a_failure_keeps_the_providers_words_beside_ours():
    event = read(recorded("inferred_sent_failed"))
    assert (event.status, event.reason) == (FaxStatus.FAILED, "line.dropped")
    assert event.detail == "The call dropped prematurely"
    assert event.error == FaxError("34004", "The call dropped prematurely")


def test_a_busy_line_has_its_reason_and_a_blank_message_is_none():
    event = read(recorded("inferred_sent_busy"))
    assert (event.status, event.reason) == (FaxStatus.BUSY, "line.busy")
    assert (event.error, event.detail) == (FaxError("34002", None), None)


def test_what_goes_wrong_with_an_incoming_fax_leaves_it_incomplete():
    event = read(recorded("inferred_receive_failed"))
    assert (event.status, event.direction) == (FaxStatus.FAILED, Direction.INBOUND)
    assert event.reason == "rx.incomplete"


def test_a_completed_call_is_no_delivered_fax():
    event = read(recorded("inferred_call_completed"))
    assert (event.status, event.asks_poll, event.provider_status) == (None, True, "completed")
    assert fold([event]).status is FaxStatus.QUEUED


def test_words_of_calls_in_the_place_of_a_fax_status_are_read_as_such():
    assert told(FaxStatus="completed").status is None
    assert told(FaxStatus="ringing").status is FaxStatus.SENDING


def test_a_word_about_the_call_counts_only_where_the_fax_has_none():
    assert told(CallStatus="ringing", FaxStatus="delivered").status is FaxStatus.DELIVERED
    assert told(StatusCallbackEvent="answered").status is FaxStatus.SENDING
    assert told(CallStatus="answered", Direction="inbound").status is FaxStatus.RECEIVING


@pytest.mark.parametrize("word", ["completed", "busy", "failed", "no-answer", "canceled", "queued"])
def test_the_end_of_a_call_asks_the_api_about_the_fax(word):
    event = told(CallStatus=word)
    assert (event.status, event.asks_poll, event.reason) == (None, True, None)


def test_the_aliases_that_published_receivers_read_are_accepted():
    event = read(form({"Sid": "f1", "Status": "received", "Pages": "3"}))
    assert (event.references, event.status) == ((Reference("f1"),), FaxStatus.RECEIVED)
    assert event.pages == 3
    both = told(Sid="other", FaxStatus="busy", Status="failed", NumPages="1", Pages="2")
    assert (both.references[0].id, both.status, both.pages) == ("f1", FaxStatus.BUSY, 1)


@pytest.mark.parametrize(
    ("fields", "direction"),
    [
        ({}, None),
        ({"Direction": "inbound"}, Direction.INBOUND),
        ({"Direction": "Outbound-API"}, Direction.OUTBOUND),
        ({"Direction": "sideways"}, None),
        ({"OriginalMediaUrl": "https://example.com/a.pdf"}, Direction.OUTBOUND),
        ({"OriginalMediaUrl": ""}, None),
        (
            {"OriginalMediaUrl": "https://example.com/a.pdf", "Direction": "inbound"},
            Direction.INBOUND,
        ),
    ],
)
def test_the_direction_is_what_is_said_or_else_told_by_the_document_we_sent(fields, direction):
    assert told(FaxStatus="failed", **fields).direction is direction


@pytest.mark.parametrize(
    "written",
    ["2022-01-13T21:54:46Z", "2022-01-13T22:54:46+01:00", "Thu, 13 Jan 2022 21:54:46 +0000"],
)
def test_times_in_either_writing_are_read_in_utc(written):
    event = told(FaxStatus="sending", Timestamp=written)
    assert event.occurred_at == datetime(2022, 1, 13, 21, 54, 46, tzinfo=UTC)
    assert event.drift is None


@pytest.mark.parametrize("written", ["soon", "2022", "Thu, 31 Feb 2022 21:54:46 GMT", "1642110886"])
def test_an_unreadable_time_costs_nothing_but_the_time(written):
    event = told(FaxStatus="sending", Timestamp=written)
    assert (event.status, event.occurred_at) == (FaxStatus.SENDING, None)
    assert event.drift == "unreadable time: Timestamp"


def test_a_duration_is_seconds_and_an_odd_one_costs_nothing_but_itself():
    assert told(FaxStatus="delivered", Duration="63").duration == 63
    odd = told(FaxStatus="delivered", Duration="1:03")
    assert (odd.status, odd.duration) == (FaxStatus.DELIVERED, None)
    assert odd.drift == "unreadable duration: Duration"


@pytest.mark.parametrize("address", ["ftp://x/y", "javascript:alert(1)", "https://x/" + "y" * 5000])
def test_only_short_web_addresses_are_kept(address):
    event = told(FaxStatus="received", MediaUrl=address)
    assert (event.status, event.media_url) == (FaxStatus.RECEIVED, None)
    assert event.drift == "unreadable address: MediaUrl"


def test_an_unknown_error_is_a_failure_without_a_reason_and_a_drift():
    event = told(FaxStatus="failed", ErrorCode="34999", ErrorMessage="Called +13104456789")
    assert (event.status, event.reason) == (FaxStatus.FAILED, None)
    assert event.drift == "unknown error code: 34999"
    assert event.detail == "Called +13104456789"
    assert told(FaxStatus="failed", ErrorMessage="New words").drift == "unknown error text"
    assert told(FaxStatus="failed", ErrorCode="+13104456789").drift == "unknown error code"
    assert told(FaxStatus="failed").drift is None


def test_an_unknown_status_is_named_but_cut_short():
    assert unreadable(form({"FaxSid": "f1", "FaxStatus": "paused"})) == "unknown status: paused"
    long = unreadable(form({"FaxSid": "f1", "FaxStatus": "w\r\n\t" + "o" * 150}))
    assert long == "unknown status: w" + "o" * 63
    assert unreadable(form({"FaxSid": "f1", "CallStatus": "held"})) == "unknown status: held"


def test_a_number_or_key_in_the_place_of_a_status_is_not_repeated():
    for word in ("+13104456789", "310 445-6789", "PSK_abc"):
        assert unreadable(form({"FaxSid": "f1", "FaxStatus": word})) == "unknown status: [private]"


@pytest.mark.parametrize(
    "fields", [{"FaxStatus": "busy"}, {"FaxSid": " ", "FaxStatus": "busy"}, {"a": "b"}]
)
def test_without_an_id_there_is_no_fax(fields):
    assert unreadable(form(fields)).startswith("no id: ")
    assert unreadable(query(fields)).startswith("no id: ")


def test_a_sent_fax_without_a_status_is_no_question():
    fields = {"FaxSid": "f1", "OriginalMediaUrl": "https://example.com/a.pdf"}
    assert unreadable(form(fields)).startswith("no status: ")


@pytest.mark.parametrize("place", ["FaxSid", "FaxStatus", "Timestamp", "Unknown", "MediaUrl"])
def test_a_nul_anywhere_is_unreadable(place):
    fields = {"FaxSid": "f1", "FaxStatus": "busy", place: "a\0b"}
    assert unreadable(form(fields)).startswith("NUL: ")
    assert unreadable(query(fields)).startswith("NUL: ")
    assert unreadable(form({"FaxSid": "f1", "FaxStatus": "busy", "a\0b": ""})).startswith("NUL: ")


@pytest.mark.parametrize("pages", ["two", "-1", "100001", "9" * 30, "1.5"])
def test_impossible_pages_are_unreadable(pages):
    assert "NumPages" in unreadable(
        form({"FaxSid": "f1", "FaxStatus": "received", "NumPages": pages})
    )


def test_a_parameter_of_ours_that_contradicts_itself_is_unreadable():
    twice = [("FaxSid", "f1"), ("FaxStatus", "failed"), ("FaxStatus", "delivered")]
    assert unreadable(form(twice)).startswith("contradiction: FaxStatus")
    same = [("FaxSid", "f1"), ("FaxStatus", "busy"), ("FaxStatus", "busy"), ("a", "b"), ("a", "c")]
    assert read(form(same)).status is FaxStatus.BUSY


def test_a_query_with_bad_characters_is_unreadable():
    callback = replace(query({"FaxSid": "f1"}), target="/hooks/signalwire/TOKEN?FaxSid=%FF")
    assert unreadable(callback).startswith("unparsable: ")


def test_the_digest_is_of_what_a_callback_says_about_its_fax():
    said = ("f1", "failed", "34004", "dropped", "1", "2022-01-13T21:54:46Z")
    names = ("FaxSid", "FaxStatus", "ErrorCode", "ErrorMessage", "NumPages", "Timestamp")
    fields = dict(zip(names, said, strict=True))
    digest = read(form(fields)).digest
    assert digest == reading.digest_of("signalwire", "form", *said)
    assert read(form({**fields, "To": "+1310", "ErrorCode": " 34004"})).digest == digest
    for name in names:
        other = "delivered" if name == "FaxStatus" else "7"
        assert read(form({**fields, name: other})).digest != digest


def test_a_blank_field_says_no_more_than_an_absent_one():
    blank = told(FaxStatus="busy", ErrorCode="", NumPages="", Timestamp="", MediaUrl="")
    assert blank == told(FaxStatus="busy")
