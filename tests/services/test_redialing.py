"""A fax that did not get through is tried again where that may help: one fax, one final state."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest

from faxhooks.db.faxes import Home
from faxhooks.db.sends import get_send
from faxhooks.domain.errors import InvalidInputError
from faxhooks.domain.fax import Evidence, FaxEvent, FaxStatus, Reference
from faxhooks.domain.reasons import REASONS
from faxhooks.services.claiming import Fact
from faxhooks.services.recording import record
from faxhooks.services.retrying import End, NextTry, Persistence, next_try
from faxhooks.services.sending import Dispatcher
from faxhooks.simulator.fakes.behaviour import WELL
from tests.asked import World, world
from tests.fakes import FROM, TO
from tests.ordered import FAX, dispatch, order, redial, shown, state, taken, told
from tests.services.test_sending import Died, dispatch_and_die
from tests.web.test_api_actions import cancel
from tests.web.test_api_sending import Client, pointers

TWICE = Persistence(2, (5, 15))
BUSY = {"signalwire": "busy", "faxplus": "failed_user_busy"}
each = pytest.mark.parametrize("name", BUSY)


@pytest.fixture
def there(database_url: str) -> Iterator[World]:
    with world(database_url) as made:
        yield made


@pytest.fixture
def small(sqlite_url: str) -> Iterator[World]:
    """On one of the databases, where a rule is the same on both."""
    with world(sqlite_url) as made:
        yield made


def ends(made: World, name: str, word: str | None) -> None:
    """What the provider says of the faxes that it takes from now on; None for a success."""
    made.fakes[name].behaviour = replace(WELL, outcomes={} if word is None else {word: 1.0})


def end(made: World) -> None:
    """Let what is under way come to its end, and be known for sure."""
    made.put_on(minutes=2)
    made.settle()
    for _ in range(3):
        made.put_on(minutes=1)
        made.sweep()


def try_once(made: World, name: str, word: str | None) -> None:
    """Hand over what is due, and let it end so."""
    ends(made, name, word)
    dispatch(made)
    end(made)


def hear(
    made: World,
    ref: str,
    status: FaxStatus,
    name: str = "signalwire",
    evidence: Evidence = Evidence.SIGNED,
    **said: Any,
) -> None:
    """What a callback might say of the provider's fax with that id, later than all before it."""
    now = made.time.now()
    event = FaxEvent(
        digest=sha256(f"{ref}{status}{now}".encode()).digest(),
        references=(Reference(ref),),
        received_at=now,
        occurred_at=now + timedelta(days=1),
        status=status,
        evidence=evidence,
        **said,
    )
    fact = Fact(Home(made.accounts[name].id, name), event)
    made.parts.database.write(lambda session: record(session, [fact]))


def statuses(made: World, fax_id: UUID) -> tuple[str, str]:
    fax = shown(made, fax_id)
    return fax["status"], fax["outcome"]


@each
def test_a_busy_line_is_dialled_again_until_the_fax_is_delivered(there: World, name: str) -> None:
    (fax_id,) = order(there, name, persistence=TWICE)
    try_once(there, name, BUSY[name])
    assert statuses(there, fax_id) == ("busy", "failure")
    assert redial(there) == 1
    assert statuses(there, fax_id) == ("queued", "pending")
    assert dispatch(there)["sent"] == 0  # Its time has not come.
    there.put_on(minutes=6)
    try_once(there, name, None)
    fax = shown(there, fax_id)
    assert (fax["status"], fax["outcome"], fax["reason"]) == ("delivered", "success", None)
    assert [each["status"] for each in fax["tries"]] == ["busy", "delivered"]
    assert fax["next_try_at"] is None
    assert redial(there) == 0
    assert len(taken(there, name)) == 2
    assert len(there.service.api.faxes()) == 1
    assert told(there, fax_id).count(("send", "queued")) == 4  # Two tries, each taken once.


def test_when_the_tries_are_used_up_the_last_end_stands(small: World) -> None:
    (fax_id,) = order(small, "signalwire", persistence=TWICE)
    for word, minutes in (("busy", 5), ("no-answer", 15), ("busy", 60)):
        try_once(small, "signalwire", word)
        assert redial(small) == (minutes != 60)
        if minutes != 60:
            fax = shown(small, fax_id)
            assert (fax["status"], fax["reason"], fax["finished_at"]) == ("queued", None, None)
            assert fax["next_try_at"] is not None
        small.put_on(minutes=minutes)
    fax = shown(small, fax_id)
    assert (fax["status"], fax["reason"]["code"], fax["flags"]) == ("busy", "line.busy", [])
    assert [each["status"] for each in fax["tries"]] == ["busy", "no-answer", "busy"]
    assert dispatch(small) == {"sent": 0, "traced": 0}
    assert len(taken(small, "signalwire")) == 3


def test_at_last_another_account_is_tried(there: World) -> None:
    """The fax stays where it was ordered, and what the other provider says finds it."""
    other = there.accounts["faxplus"].id
    (fax_id,) = order(there, "signalwire", persistence=Persistence(0, (), other))
    try_once(there, "signalwire", "busy")
    assert redial(there) == 1
    try_once(there, "faxplus", None)
    fax = shown(there, fax_id)
    assert (fax["status"], fax["provider"]) == ("delivered", "signalwire")
    accounts = [each["account"]["label"] for each in fax["tries"]]
    assert accounts == ["asked-signalwire", "asked-faxplus"]
    assert len(fax["tries"][1]["provider_fax_id"]) > 0
    assert [len(taken(there, name)) for name in ("signalwire", "faxplus")] == [1, 1]
    assert len(there.service.api.faxes()) == 1


def test_the_other_account_is_asked_where_no_callback_tells(small: World) -> None:
    """And it cancels the fax while it has it."""
    other = small.accounts["faxplus"].id
    first, second = order(
        small, "signalwire", "+13105550101", "+13105550102", persistence=Persistence(0, (), other)
    )
    ends(small, "signalwire", "busy")
    for _ in range(2):
        dispatch(small)
        small.put_on(seconds=2)
    end(small)
    assert redial(small) == 2
    small.fakes["faxplus"].behaviour = replace(WELL, drop=1.0)
    dispatch(small)
    answer = cancel(Client(small), str(second))
    assert answer.status_code == 200
    small.put_on(hours=1)
    small.sweep()
    assert statuses(small, first) == ("delivered", "success")
    assert statuses(small, second) == ("canceled", "canceled")


def test_what_may_have_been_printed_is_never_sent_again(small: World) -> None:
    other = small.accounts["faxplus"].id
    (fax_id,) = order(small, "signalwire", persistence=Persistence(5, (0,), other))
    ends(small, "signalwire", None)
    dispatch(small)
    sid = shown(small, fax_id)["provider_fax_id"]
    hear(small, sid, FaxStatus.FAILED, reason="tx.page_unconfirmed")
    fax = shown(small, fax_id)
    assert (fax["status"], fax["reason"]["may_have_printed"]) == ("failed", True)
    assert redial(small) == 0
    small.put_on(days=1)
    assert dispatch(small)["sent"] == 0


def test_a_late_success_of_an_earlier_try_ends_the_fax(small: World) -> None:
    (fax_id,) = order(small, "signalwire", persistence=TWICE)
    try_once(small, "signalwire", "busy")
    assert redial(small) == 1
    sid = shown(small, fax_id)["tries"][0]["provider_fax_id"]
    hear(small, sid, FaxStatus.DELIVERED)
    fax = shown(small, fax_id)
    assert (fax["status"], fax["next_try_at"]) == ("delivered", None)
    small.put_on(minutes=10)
    assert dispatch(small) == {"sent": 0, "traced": 0}
    assert state(small, fax_id) == "sent"
    assert len(taken(small, "signalwire")) == 1


def test_a_callback_of_a_further_try_may_come_before_the_answer_to_it(small: World) -> None:
    (fax_id,) = order(small, "signalwire", persistence=TWICE)
    try_once(small, "signalwire", "busy")
    assert redial(small) == 1
    small.put_on(minutes=6)
    ends(small, "signalwire", None)
    hand_over = Dispatcher._hand_over

    def told_first(*arguments: Any) -> Any:
        outcome = hand_over(*arguments)
        hear(small, outcome.references[0].id, FaxStatus.DELIVERED)
        return outcome

    with patch.object(Dispatcher, "_hand_over", told_first):
        dispatch(small)
    assert statuses(small, fax_id) == ("delivered", "success")
    assert len(small.service.api.faxes()) == 1


def test_it_is_canceled_while_it_waits_for_its_next_try(small: World) -> None:
    (fax_id,) = order(small, "signalwire", persistence=TWICE)
    try_once(small, "signalwire", "busy")
    assert redial(small) == 1
    answer = cancel(Client(small), str(fax_id))
    assert (answer.status_code, answer.json["status"]) == (200, "canceled")
    small.put_on(hours=1)
    assert (redial(small), dispatch(small)["sent"]) == (0, 0)
    assert statuses(small, fax_id) == ("canceled", "canceled")


def test_one_that_is_canceled_once_it_has_ended_is_tried_no_more(small: World) -> None:
    (fax_id,) = order(small, "signalwire", persistence=TWICE)
    try_once(small, "signalwire", "busy")
    answer = cancel(Client(small), str(fax_id))
    assert (answer.status_code, answer.json["status"]) == (200, "busy")
    assert answer.json["flags"] == []
    assert redial(small) == 0
    assert statuses(small, fax_id) == ("busy", "failure")
    assert cancel(Client(small), str(fax_id)).status_code == 409


@pytest.mark.parametrize(("name", "before"), [("signalwire", True), ("faxplus", False)])
def test_who_dies_with_a_further_try_in_hand_does_not_double_it(
    small: World, name: str, before: bool
) -> None:
    (fax_id,) = order(small, name, persistence=TWICE)
    try_once(small, name, BUSY[name])
    assert redial(small) == 1
    small.put_on(minutes=6)
    ends(small, name, None)
    with pytest.raises(Died):
        dispatch_and_die(small, before=before)
    small.put_on(minutes=6)
    for _ in range(3):
        dispatch(small)
        small.put_on(minutes=2)
    end(small)
    assert state(small, fax_id) == "sent"
    assert statuses(small, fax_id) == ("delivered", "success")
    assert len(taken(small, name)) == 2


def test_it_is_tried_again_only_once_its_end_is_sure(small: World) -> None:
    """Anybody who knows a hook's address can say that a line was busy."""
    (fax_id,) = order(small, "faxplus", persistence=Persistence(1, (0,)))
    ends(small, "faxplus", BUSY["faxplus"])
    dispatch(small)
    ref = shown(small, fax_id)["provider_fax_id"]
    hear(small, ref, FaxStatus.BUSY, "faxplus", Evidence.UNSIGNED, reason="line.busy")
    assert statuses(small, fax_id) == ("busy", "failure")
    assert redial(small) == 0
    assert "retrying" in shown(small, fax_id)["flags"]
    end(small)
    assert redial(small) == 1
    assert shown(small, fax_id)["flags"] == []


def test_an_end_that_never_becomes_sure_stands_after_a_day(small: World) -> None:
    (fax_id,) = order(small, "faxplus", persistence=Persistence(1, (0,)))
    dispatch(small)
    ref = shown(small, fax_id)["provider_fax_id"]
    hear(small, ref, FaxStatus.BUSY, "faxplus", Evidence.UNSIGNED, reason="line.busy")
    small.time.put(timedelta(hours=23))
    assert redial(small) == 0
    assert shown(small, fax_id)["flags"] == ["retrying"]
    small.time.put(timedelta(hours=2))
    assert redial(small) == 0
    assert shown(small, fax_id)["flags"] == []
    assert told(small, fax_id)[-1] == ("timer", None)


@pytest.mark.parametrize(("redials", "flags"), [(2, [["retrying"], ["retrying"], []]), (0, [[]])])
def test_an_end_that_is_not_the_last_says_so_at_once(
    small: World, redials: int, flags: list[list[str]]
) -> None:
    """Before any worker has looked at it."""
    (fax_id,) = order(small, "signalwire", persistence=Persistence(redials, (0,)))
    for expected in flags:
        try_once(small, "signalwire", "busy")
        assert statuses(small, fax_id) == ("busy", "failure")
        assert shown(small, fax_id)["flags"] == expected
        assert redial(small) == (expected != [])


def test_what_follows_is_asked_for_with_the_fax_or_set_for_the_account(small: World) -> None:
    client, accounts = Client(small), small.parts.accounts
    wanted = {"to": TO, "from": FROM, "account": "asked-signalwire", "media_url": "http://x/a.pdf"}

    def asked(**said: Any) -> Persistence:
        answer = client.post("/faxes", {**wanted, **said})
        assert answer.status_code == 202, answer.text
        fax_id = UUID(answer.json["id"])
        return small.parts.database.read(lambda s: Persistence.of(get_send(s, fax_id).content))

    assert asked() == Persistence()
    assert asked(retry={"times": 2}) == Persistence(2)
    given = {"redials": ["3"], "redial-delays": ["1, 2"], "fail-over": ["asked-faxplus"]}
    small.parts.database.write(lambda s: accounts.rotate(s, "asked-signalwire", given))
    faults = pointers(client.post("/faxes", wanted))
    assert faults == {"/fail_over"}  # Fax.Plus fetches nothing from addresses.
    file = {**wanted, "retry": '{"times": 1, "delays": [7]}'}
    del file["media_url"]
    answer = client.form(file, FAX)
    row = small.parts.database.read(lambda s: get_send(s, UUID(answer.json["id"])))
    assert Persistence.of(row.content) == Persistence(1, (7,), small.accounts["faxplus"].id)
    for wrong, at in (
        ({"retry": {"times": 11}}, "/retry/times"),
        ({"retry": {"delays": [5]}}, "/retry/times"),
        ({"retry": {"times": 1, "delays": []}}, "/retry/delays"),
        ({"retry": {"times": 1, "delays": [-1]}}, "/retry/delays/0"),
        ({"fail_over": "nobody"}, "/fail_over"),
        ({"fail_over": "asked-signalwire"}, "/fail_over"),
    ):
        assert pointers(client.post("/faxes", {**wanted, **wrong})) == {at}
    for name, value in (("redials", "11"), ("redial-delays", "5;15"), ("redial-delays", "2000")):
        with pytest.raises(InvalidInputError, match="must be a whole number"):
            small.parts.database.write(
                lambda s, n=name, v=value: accounts.rotate(s, "asked-signalwire", {n: [v]})
            )


@pytest.mark.parametrize(
    ("reason", "tried", "following"),
    [
        ("line.busy", 1, (0, 5)),
        ("line.busy", 2, (0, 15)),
        ("line.busy", 3, (0, 15)),
        ("line.busy", 4, (1, 0)),
        ("account.credit", 1, (1, 0)),  # To send the same again would not help.
        ("document.upload_expired", 4, None),
        ("line.unallocated", 1, None),
        ("document.fetch", 1, None),
        ("tx.ecm_error", 1, None),  # Pages may have been printed.
        ("unknown", 1, None),
        (None, 1, None),
    ],
)
def test_what_follows_goes_by_the_advice_of_the_reason(
    reason: str | None, tried: int, following: tuple[int, int] | None
) -> None:
    here, other = uuid4(), uuid4()
    busy = End(FaxStatus.FAILED, reason, Evidence.SIGNED, frozenset())
    found = next_try(Persistence(3, (5, 15), other), [here] * tried, busy)
    expected = following and NextTry((here, other)[following[0]], timedelta(minutes=following[1]))
    assert found == expected
    for outcome in (FaxStatus.DELIVERED, FaxStatus.CANCELED, FaxStatus.UNCONFIRMED):
        assert next_try(Persistence(3), [here], replace(busy, status=outcome)) is None
    assert next_try(Persistence(3, (5,), other), [here, other], busy) is None


def test_no_reason_that_may_have_printed_is_ever_tried_again() -> None:
    here, other = uuid4(), uuid4()
    for code, reason in REASONS.items():
        end_ = End(FaxStatus.FAILED, code, Evidence.CONFIRMED, frozenset())
        for tries in range(1, 5):
            found = next_try(Persistence(3, (0,), other), [here] * tries, end_)
            assert not (reason.may_have_printed and found), code
