"""How Fax.Plus webhooks are read."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Cost, Direction, Evidence, FaxStatus, Flag, Number, Reference
from faxhooks.domain.lifecycle import fold
from faxhooks.providers.base import Reply
from faxhooks.providers.faxplus import FaxPlus
from tests.providers.faxplus.requests import RECORDED, post, recorded, webhook

SESSION = "66df09cf1d6d0b295c363956"


def read(callback, adapter=None):
    (event,) = (adapter or FaxPlus()).normalize(callback)
    return event


def test_the_documented_webhook_is_read_in_full():
    event = read(recorded("documented_sent"))
    assert (event.status, event.provider_status) == (FaxStatus.DELIVERED, "success")
    assert (event.direction, event.pages) == (Direction.OUTBOUND, 1)
    assert event.references == (Reference(SESSION),)
    assert event.sender == Number("+13343040100", "+1 334-304-0100")
    assert event.recipient == Number("+13343040101", "+1 334-304-0101")
    assert event.occurred_at == datetime(2024, 9, 9, 10, 44, 39, tzinfo=UTC)
    assert (event.attempt, event.retried) == (SESSION, False)
    assert (event.reason, event.detail, event.error, event.drift) == (None, None, None, None)
    assert (event.media_url, event.duration) == (None, None)


def test_the_cost_of_a_webhook_is_in_pages_not_in_money():
    assert read(recorded("documented_sent")).cost == Cost("1", "pages")
    assert read(webhook(cost=1.5)).cost == Cost("1.5", "pages")
    assert read(webhook(cost=0)).cost == Cost("0", "pages")


def test_empty_numbers_and_an_absent_user_are_nothing_to_complain_about():
    event = read(recorded("documented_help_sample"))
    assert (event.sender, event.recipient, event.drift) == (None, None, None)
    assert event.status is FaxStatus.DELIVERED


def test_a_received_fax_is_received():
    event = read(recorded("inferred_received"))
    assert (event.status, event.direction) == (FaxStatus.RECEIVED, Direction.INBOUND)
    assert event.pages == 2


def test_a_user_id_in_place_of_a_number_stays_as_it_is():
    user = "0b6561dafa300f2fb490ae330dbc749f"
    assert read(recorded("inferred_free_account")).sender == Number(user, user)


def test_a_retry_is_known_by_its_two_ids_and_found_by_either():
    event = read(recorded("inferred_retry"))
    session, attempt = "66df0a1e1d6d0b295c3639f0", "66df0a501d6d0b295c363a00"
    assert event.references == (Reference(session), Reference(attempt))
    assert (event.attempt, event.retried) == (attempt, True)


def test_a_failure_retried_with_success_is_delivered_in_either_order():
    failed = read(webhook(status="failed_user_busy"))
    hook = {"id": "66df0a501d6d0b295c363a00", "event_time": "2024-09-09 10:47:10"}
    again = read(webhook(hook, status="failed_no_answer"))
    success = read(webhook(hook | {"id": "66df0a50", "event_time": "2024-09-09 10:50:00"}))
    assert fold([failed, again]).flags == {Flag.PROVISIONAL}
    for order in ([failed, again, success], [success, again, failed]):
        state = fold(order)
        assert (state.status, state.flags) == (FaxStatus.DELIVERED, frozenset())
        assert state.provider_fax_id == SESSION


def test_one_id_is_enough():
    session = read(webhook({"id": ...}))
    assert session.references == (Reference(SESSION),)
    assert (session.attempt, session.retried) == (None, False)
    attempt = read(webhook({"id": "a1"}, id=""))
    assert attempt.references == (Reference("a1"),)
    assert (attempt.attempt, attempt.retried) == ("a1", False)


def test_the_numbers_may_be_named_as_in_the_api():
    names = {"from": ..., "to": ..., "from_number": "+13343040100", "to_number": "+13343040101"}
    event = read(webhook(**names))
    assert (event.sender.value, event.recipient.value) == ("+13343040100", "+13343040101")


def test_times_are_read_in_the_zone_of_the_account():
    adapter = FaxPlus(ZoneInfo("America/New_York"))
    event = read(recorded("documented_sent"), adapter)
    assert event.occurred_at == datetime(2024, 9, 9, 14, 44, 39, tzinfo=UTC)


def test_a_time_that_cannot_be_read_is_left_out_and_named():
    event = read(webhook({"event_time": "yesterday"}))
    assert (event.occurred_at, event.drift) == (None, "unreadable time: hook.event_time")
    assert read(webhook({"event_time": ...})).drift is None


def test_the_content_type_is_of_no_account():
    callback = recorded("documented_sent")
    form = replace(callback, headers={"content-type": "application/x-www-form-urlencoded"})
    assert read(form) == read(callback) == read(replace(callback, headers={}))


def test_the_same_content_to_another_target_is_the_same_fact():
    same = [webhook(), webhook({"target": "https://other.example"}), webhook(cost=7)]
    assert len({read(callback).digest for callback in same}) == 1


@pytest.mark.parametrize(
    "other",
    [
        webhook({"id": "another"}),
        webhook({"event": "fax_received"}),
        webhook({"event_time": "2024-09-09 10:44:40"}),
        webhook(id="another"),
        webhook(status="failed"),
    ],
)
def test_another_event_attempt_session_status_or_time_is_another_fact(other):
    assert read(other).digest != read(webhook()).digest


def test_every_webhook_is_unsigned_whatever_its_headers_say():
    callback = replace(webhook(), headers={"x-faxplus-signature": "ff"})
    assert FaxPlus().verify(callback) is Evidence.UNSIGNED


@pytest.mark.parametrize("name", RECORDED)
def test_the_answer_is_an_empty_200(name):
    assert FaxPlus().reply(recorded(name)) == Reply(b"")


@pytest.mark.parametrize(
    ("callback", "reason"),
    [
        (post(b""), "unparsable: the body is not JSON"),
        (post(b"[]"), "unparsable: the body is not a JSON object"),
        (post(b'{"fax_id":"f1","status":"success"}'), "no event: "),
        (post(b'{"hook":["fax_sent"]}'), "wrong type: hook is not an object"),
        (webhook({"event": "fax_page_received"}), "unknown event: fax_page_received"),
        (webhook({"event": " "}), "no event: "),
        (webhook({"id": ...}, id=None), "no id: "),
        (webhook(status=...), "no status: "),
        (webhook(status="delivered"), "unknown status: delivered"),
        (webhook(status="failedx"), "unknown status: failedx"),
        (webhook(pages=1.5), "wrong type: pages"),
        (webhook(pages=-1), "impossible: pages"),
        (webhook(cost="free"), "wrong type: cost"),
        (webhook(id="x" * 201), "too long: id"),
        (webhook(to=["+13343040101"]), "wrong type: to"),
        (webhook(status="suc\0cess"), "NUL: "),
    ],
)
def test_what_cannot_be_understood_says_why(callback, reason):
    with pytest.raises(UnreadableError) as error:
        read(callback)
    assert str(error.value).startswith(reason)


def test_a_get_with_a_query_is_no_webhook():
    query = replace(post(b""), method="GET", target="/hooks/faxplus/T?status=success")
    with pytest.raises(UnreadableError):
        read(query)


def test_an_unknown_word_is_shown_short_and_printable():
    with pytest.raises(UnreadableError) as error:
        read(webhook({"event": "a\u202eb\n" + "c" * 100}))
    assert str(error.value) == "unknown event: ab" + "c" * 62
    with pytest.raises(UnreadableError, match=r"unknown event: \(unprintable\)"):
        read(webhook({"event": "\x1b"}))


@pytest.mark.parametrize("word", ["alohi_pat_SECRET-1", "x Alohi_PAT_SECRET", "alohi\t_pat_SECRET"])
def test_an_access_token_is_never_repeated(word):
    for callback in (webhook({"event": word}), webhook(status=word)):
        with pytest.raises(UnreadableError) as error:
            read(callback)
        assert "SECRET" not in str(error.value)
    assert "SECRET" not in read(webhook(status=f"failed_{word}")).drift
