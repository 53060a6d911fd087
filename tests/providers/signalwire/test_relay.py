"""How JSON about a fax in a call is read."""

import json
from datetime import UTC, datetime

import pytest

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Direction, FaxError, FaxStatus, Number, Reference
from faxhooks.providers import reading

from .requests import ADAPTER, fax_post, recorded, relay

CALL = "b5d63b2e-f75b-4dc8-b6d4-269b635f96c0"
CONTROL = "b18500437-ebb0-4022-8ddd-770cbe6fd531"
OURS, THEIRS = Number("+15551231234", "+15551231234"), Number("+15553214321", "+15553214321")


def read(callback):
    (event,) = ADAPTER.normalize(callback)
    return event


def told(kind="finished", **changes):
    """The event of the documented post with another type and other parameters."""
    return read(relay(fax_post(kind, **changes)))


def unreadable(said):
    with pytest.raises(UnreadableError) as caught:
        ADAPTER.normalize(relay(said))
    return str(caught.value)


def test_the_documented_received_fax_is_read_in_full():
    event = read(recorded("documented_relay_received"))
    assert (event.status, event.provider_status) == (FaxStatus.RECEIVED, "finished")
    assert event.references == (Reference(CALL, shared=True), Reference(CONTROL))
    assert (event.direction, event.pages) == (Direction.INBOUND, 3)
    assert (event.sender, event.recipient) == (THEIRS, OURS)
    assert event.media_url == "https://files.signalwire.com/fax/1.pdf"
    assert event.occurred_at == datetime(2021, 12, 20, 11, 33, 20, 123000, tzinfo=UTC)
    assert (event.reason, event.error, event.detail, event.drift) == (None, None, "OK", None)


def test_a_sent_fax_goes_the_other_way():
    event = told(direction="send")
    assert (event.status, event.direction) == (FaxStatus.DELIVERED, Direction.OUTBOUND)
    assert (event.sender, event.recipient) == (OURS, THEIRS)


def test_each_page_is_progress_and_counts():
    event = read(recorded("documented_relay_page"))
    assert (event.status, event.pages, event.direction) == (
        FaxStatus.SENDING,
        2,
        Direction.OUTBOUND,
    )
    assert told("page", direction="receive", number="4").status is FaxStatus.RECEIVING
    assert told("page", direction="receive", number="4").pages == 4


def test_an_error_ends_the_fax():
    event = read(recorded("inferred_relay_error"))
    assert (event.status, event.provider_status) == (FaxStatus.FAILED, "error")
    assert (event.reason, event.direction, event.drift) == (None, None, None)


@pytest.mark.parametrize(
    ("result", "text", "reason"),
    [
        (49, "The call dropped prematurely", "line.dropped"),
        ("21", "No response after sending a page", "tx.page_unconfirmed"),
        ("1231", "Far end is not compatible", "fax.incompatible"),
        (..., "Failed to train with any of the compatible modems", "fax.training_failed"),
        (2, ..., "fax.not_detected"),
    ],
)
def test_a_sent_fax_that_failed_has_the_reason_of_its_result(result, text, reason):
    event = told(direction="send", success=False, result=result, result_text=text)
    assert (event.status, event.reason, event.drift) == (FaxStatus.FAILED, reason, None)
    code, message = None if result is ... else str(result), None if text is ... else text
    assert (event.error, event.detail) == (FaxError(code, message), message)


def test_a_received_fax_that_failed_is_incomplete():
    event = told(success=False, result=49, result_text="The call dropped prematurely")
    assert (event.status, event.reason) == (FaxStatus.FAILED, "rx.incomplete")


def test_an_unknown_result_has_no_reason_and_a_drift():
    event = told(direction="send", success=False, result=99, result_text="???")
    assert (event.status, event.reason) == (FaxStatus.FAILED, None)
    assert event.drift == "unknown error code: 99"


@pytest.mark.parametrize(("written", "status"), [("true", "received"), ("False", "failed")])
def test_success_may_be_written_as_text(written, status):
    assert told(success=written).status == status


@pytest.mark.parametrize("success", [..., None, "", "yes", 1, 0, [], {}])
def test_a_finished_fax_that_does_not_say_how_is_unreadable(success):
    assert unreadable(fax_post(success=success)).startswith("no success: ")


def test_a_success_or_page_without_a_direction_is_unreadable():
    assert unreadable(fax_post(direction=...)).startswith("no direction: ")
    assert unreadable(fax_post("page", direction="up")).startswith("no direction: ")
    assert told(direction=..., success=False).status is FaxStatus.FAILED


def test_other_types_and_events_are_named():
    assert unreadable(fax_post("paused")) == "unknown status: paused"
    assert unreadable({"event_type": "calling.call.state"}) == "unknown event: calling.call.state"
    assert unreadable({"event_type": "x" * 150}) == "unknown event: " + "x" * 64
    assert unreadable({}) == "unknown event: none"


@pytest.mark.parametrize("control", [None, "", CALL])
def test_without_an_id_of_its_own_a_fax_goes_by_its_call(control):
    post = fax_post()
    post["params"]["control_id"] = control
    assert read(relay(post)).references == (Reference(CALL),)


def test_without_a_call_there_is_no_fax():
    post = fax_post()
    del post["params"]["call_id"]
    assert unreadable(post).startswith("no id: ")
    assert unreadable({"event_type": "calling.call.fax"}).startswith("no status: ")


@pytest.mark.parametrize("time", ["soon", 1e300, True, [0], -1e20])
def test_an_unreadable_time_costs_nothing_but_the_time(time):
    event = read(relay({**fax_post(), "timestamp": time}))
    assert (event.status, event.occurred_at) == (FaxStatus.RECEIVED, None)
    assert event.drift == "unreadable time: timestamp"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"not json", "unparsable"),
        (b"[]", "unparsable"),
        (b"\xff", "unparsable"),
        (b'{"event_type":NaN}', "NaN"),
        (b'{"event_type":"a\\u0000b"}', "NUL"),
        (b'{"event_type":"\\ud800"}', "surrogate"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "too deep"),
        (b'{"event_type":"calling.call.fax","params":[]}', "wrong type"),
    ],
)
def test_what_is_no_readable_json_is_told_apart(body, kind):
    assert unreadable(body).startswith(f"{kind}: ")


def test_the_digest_is_of_the_call_the_fax_and_its_parameters():
    post = fax_post()
    event = read(relay(post))
    params = post["params"]["fax"]["params"]
    assert event.digest == reading.digest_of(
        "signalwire", "json", CALL, CONTROL, "finished", params
    )
    post["params"]["fax"]["params"] = dict(reversed(params.items()))
    assert read(relay({**post, "timestamp": 1})).digest == event.digest
    assert (
        told("page", direction="send", number=1).digest
        != told("page", direction="send", number=2).digest
    )


def test_the_variables_after_a_fax_state_the_same():
    event = read(recorded("documented_swml_variables"))
    assert (event.status, event.provider_status) == (FaxStatus.RECEIVED, "success")
    assert (event.sender, event.recipient, event.pages) == (THEIRS, OURS, 3)
    assert event.references == (Reference(CALL),)
    assert event.media_url == "https://files.signalwire.com/fax/1.pdf"


def test_the_variables_of_a_failed_sending_have_its_reason():
    variables = {"send_fax_result": "failed", "send_fax_result_code": "15"}
    event = read(relay({"call": {"call_id": CALL}, "vars": variables}))
    assert (event.status, event.direction) == (FaxStatus.FAILED, Direction.OUTBOUND)
    assert event.reason == "tx.page_unconfirmed"


def test_variables_before_a_fax_or_after_two_are_no_fact_about_one():
    both = {"send_fax_result": "success", "receive_fax_result": "success"}
    for variables in ({}, both, None):
        said = {"call": {"call_id": CALL}, "vars": variables}
        assert unreadable(said).startswith("unknown event: ")
    odd = {"vars": {"send_fax_result": "maybe"}}
    assert unreadable(odd) == "unknown status: maybe"
    assert unreadable({"vars": {"send_fax_result": "failed"}}).startswith("no id: ")


def test_repeated_json_reads_alike():
    post = json.dumps(fax_post(), indent=2).encode()
    assert read(relay(post)) == read(relay(fax_post()))
