"""Every story is believed by the provider's adapter, and ends as its name promises."""

import json
import re
from datetime import UTC, datetime
from itertools import permutations
from urllib.parse import parse_qsl

import pytest

from faxhooks.domain.errors import AuthenticityError, NotFoundError, UnreadableError
from faxhooks.domain.fax import Evidence, FaxEvent, FaxStatus, Flag
from faxhooks.domain.lifecycle import fold
from faxhooks.providers.faxplus.words import FAILURES
from faxhooks.providers.signalwire.words import STATUSES
from faxhooks.simulator import faxplus, signalwire
from faxhooks.simulator.scenarios import Load, get_scenario, size, tell_many
from faxhooks.simulator.story import Prepared
from tests.simulator.stages import EVERY, NOW, adapter, arrived, customer, scenario, told

FICTITIOUS = re.compile(r"\+131055501[0-9]{2}")


def read(provider: str, story: list[Prepared]) -> tuple[list[FaxEvent], int]:
    """The facts of a story in this order, and how many callbacks could not be read."""
    reader, events, unread = adapter(provider), [], 0
    for second, prepared in enumerate(story):
        callback = arrived(prepared, second)
        evidence = reader.verify(callback)
        try:
            events += [event._replace(evidence=evidence) for event in reader.normalize(callback)]
        except UnreadableError:
            unread += 1
    return events, unread


def form(prepared: Prepared) -> dict[str, str]:
    return dict(parse_qsl(prepared.body.decode(), keep_blank_values=True))


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_a_story_ends_as_promised_in_every_order(provider: str, name: str) -> None:
    promised = scenario(provider, name)
    story = told(provider, name)
    for order in permutations(story):
        events, unread = read(provider, list(order))
        assert unread == promised.unread
        if promised.status is None:
            assert events == []
            continue
        fax = fold(events)
        assert fax.status is promised.status
        assert (Flag.CONFLICT in fax.flags) is promised.conflict
        assert not {prepared.fax_id for prepared in story} - {ref.id for ref in fax.references}


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_all_the_callbacks_of_a_story_are_as_good_as_the_provider_makes_them(
    provider: str, name: str
) -> None:
    best = {"signalwire": Evidence.SIGNED, "faxplus": Evidence.UNSIGNED}[provider]
    reader = adapter(provider)
    assert {reader.verify(arrived(prepared)) for prepared in told(provider, name)} == {best}


@pytest.mark.parametrize("name", ["delivered", "delivered-by-get", "received", "relay-sent"])
def test_an_account_with_another_signing_key_refuses_the_story(name: str) -> None:
    reader = adapter("signalwire", {"signing-key": ("PSK_anotherTestKey0123456789",)})
    for prepared in told("signalwire", name):
        with pytest.raises(AuthenticityError):
            reader.verify(arrived(prepared))


def test_the_newest_signing_key_signs() -> None:
    newest = adapter("signalwire", {"signing-key": ("PSK_newestTestKey0123456789",)})
    assert newest.verify(arrived(told("signalwire", "busy")[0])) is Evidence.SIGNED


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_a_story_depends_on_nothing_but_what_it_is_given(provider: str, name: str) -> None:
    assert told(provider, name, seed=7) == told(provider, name, seed=7)
    assert told(provider, name, seed=7)[0].fax_id != told(provider, name, seed=8)[0].fax_id


def test_every_documented_word_has_a_story() -> None:
    assert set(signalwire.STATUSES) == set(STATUSES) - {"cancelled"}
    for word in signalwire.STATUSES:
        assert scenario("signalwire", word).status == STATUSES[word]
        assert len(told("signalwire", f"{word}-only")) == 1
    assert len(faxplus.WORDS) == len(set(faxplus.WORDS)) == 24
    reported_by_users = {word for word in FAILURES if word not in faxplus.WORDS}
    assert reported_by_users == {
        "failed_call_rejected",
        "failed_origination_unknown",
        "failed_zero_page_transmitted",
    }


@pytest.mark.parametrize("end", ["delivered", "busy", "no-answer", "failed"])
def test_a_fax_that_is_sent_is_queued_processed_and_sending_first(end: str) -> None:
    story = [form(prepared) for prepared in told("signalwire", end)]
    assert [said["FaxStatus"] for said in story] == ["queued", "processing", "sending", end]
    times = [said["Timestamp"] for said in story]
    assert times == sorted(set(times))
    assert times[-1] == "2026-01-13T21:54:46Z"


def test_an_incoming_fax_begins_with_a_question_without_a_status() -> None:
    question, end = told("signalwire", "received")
    assert sorted(form(question)) == ["AccountSid", "ApiVersion", "FaxSid", "From", "To"]
    assert b"<Receive" in adapter("signalwire").reply(arrived(question)).body
    assert form(end)["FaxStatus"] == "received"


def test_a_failed_fax_has_the_code_that_the_vendor_shows() -> None:
    said = form(told("signalwire", "failed")[-1])
    assert (said["ErrorCode"], said["ErrorMessage"]) == ("34004", "The call dropped prematurely")


def test_a_fax_in_a_call_is_told_of_page_by_page() -> None:
    story = [json.loads(prepared.body)["params"] for prepared in told("signalwire", "relay-sent")]
    assert [said["fax"]["type"] for said in story] == ["page", "page", "page", "finished"]
    assert [said["fax"]["params"].get("number") for said in story] == [1, 2, 3, None]
    assert len({said["control_id"] for said in story}) == 1


def test_a_retry_has_an_id_of_its_own_and_its_session_keeps_its_own() -> None:
    first, second = (json.loads(each.body) for each in told("faxplus", "retry-then-success"))
    assert first["hook"]["id"] == first["data"]["id"] == second["data"]["id"]
    assert second["hook"]["id"] != second["data"]["id"]


def test_a_webhook_has_the_time_of_the_accounts_zone_and_an_id_made_of_utc() -> None:
    (prepared,) = told("faxplus", "success")
    said = json.loads(prepared.body)
    assert said["hook"]["event_time"] == "2026-01-13 16:54:46"
    made_at = datetime.fromtimestamp(int(said["data"]["id"][:8], 16), UTC)
    assert 0 < (NOW - made_at).total_seconds() < 60
    assert len(said["data"]["id"]) == 24


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_numbers_are_fictitious_unless_they_are_given(provider: str, name: str) -> None:
    for event in read(provider, told(provider, name))[0]:
        for end in filter(None, (event.sender, event.recipient)):
            assert FICTITIOUS.fullmatch(end.value)
    given = told(provider, name, sender="+442079460001", recipient="+442079460002")
    for event in read(provider, given)[0]:
        assert event.sender is None or event.sender.value == "+442079460001"
        assert event.recipient is None or event.recipient.value == "+442079460002"


def test_many_faxes_are_told_apart_and_each_in_its_order() -> None:
    load = Load(count=3, repeat=2, seed=5)
    stretches = list(
        tell_many(scenario("signalwire", "busy"), customer("signalwire"), load, lambda: NOW)
    )
    assert len({prepared.fax_id for stretch in stretches for prepared in stretch}) == 3
    for stretch in stretches:
        words = [form(prepared)["FaxStatus"] for prepared in stretch]
        assert words == [w for w in ("queued", "processing", "sending", "busy") for _ in range(2)]
        assert len({prepared.fax_id for prepared in stretch}) == 1


def test_a_shuffled_load_has_the_same_callbacks_one_by_one_in_another_order() -> None:
    busy, account = scenario("signalwire", "busy"), customer("signalwire")
    plain = tell_many(busy, account, Load(count=5, repeat=2), lambda: NOW)
    mixed = list(tell_many(busy, account, Load(count=5, repeat=2, shuffle=True), lambda: NOW))
    expected = [prepared for stretch in plain for prepared in stretch]
    assert {len(stretch) for stretch in mixed} == {1}
    found = [stretch[0] for stretch in mixed]
    assert found != expected
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert len(found) == size(busy, account, Load(count=5, repeat=2)) == 40


def test_every_status_a_provider_can_state_is_the_end_of_some_story() -> None:
    ends = {scenario(provider, name).status for provider, name in EVERY}
    assert ends - {None} == set(FaxStatus) - {FaxStatus.UNCONFIRMED}


def test_a_scenario_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(NotFoundError, match="retry-then-success"):
        get_scenario("faxplus", "delivered")


def test_no_account_secret_is_in_a_callback() -> None:
    for provider, name in EVERY:
        for prepared in told(provider, name):
            assert b"PSK_" not in repr(prepared).encode()
