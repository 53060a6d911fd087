"""The rules of the status model, one story each."""

from itertools import pairwise, permutations, product

import pytest

from faxhooks.domain.fax import Direction, Evidence, FaxStatus, Flag, Number, Outcome, Reference
from faxhooks.domain.lifecycle import fold
from faxhooks.domain.reasons import Following
from tests.domain.facts import FINALS, NOON, OPEN, fact

S = FaxStatus
SIGNED, UNSIGNED, CONFIRMED = Evidence.SIGNED, Evidence.UNSIGNED, Evidence.CONFIRMED
OWN = Evidence.OWN


def told(*events):
    """The one state that every order of these events gives."""
    states = [fold(order) for order in permutations(events)]
    assert all(state == states[0] for state in states)
    return states[0]


def test_a_fax_needs_at_least_one_fact():
    with pytest.raises(ValueError, match="at least one event"):
        fold([])


@pytest.mark.parametrize(("final", "other"), list(product(FINALS, OPEN)))
def test_a_final_beats_any_open_word_of_any_time_and_evidence(final, other):
    assert told(fact(final, UNSIGNED, 0), fact(other, CONFIRMED, 9)).status is final


@pytest.mark.parametrize("final", FINALS)
def test_unconfirmed_gives_way_to_any_final_however_old(final):
    soft = fact(S.UNCONFIRMED, Evidence.OWN, 9)
    assert told(soft, fact(final, UNSIGNED, None)).status is final


@pytest.mark.parametrize("other", OPEN)
def test_unconfirmed_beats_any_open_word_however_late(other):
    soft = fact(S.UNCONFIRMED, Evidence.OWN, None)
    assert told(soft, fact(other, CONFIRMED, 9)).status is S.UNCONFIRMED


def test_among_open_words_the_rank_decides_whatever_the_time():
    assert told(fact(S.SENDING, minute=0), fact(S.QUEUED, minute=9)).status is S.SENDING
    assert told(fact(S.PROCESSING, minute=0), fact(S.QUEUED, minute=9)).status is S.PROCESSING


@pytest.mark.parametrize(
    ("confirmed", "said", "how"),
    [
        (confirmed, said, how)
        for confirmed, said in product(FINALS, FINALS)
        for how in (SIGNED, UNSIGNED, Evidence.OWN)
    ],
)
def test_a_confirmed_final_beats_any_other_of_any_time(confirmed, said, how):
    state = told(fact(confirmed, CONFIRMED, None), fact(said, how, 9))
    assert (state.status, state.flags) == (confirmed, frozenset())


@pytest.mark.parametrize(("early", "late"), list(product(FINALS, FINALS)))
def test_among_equal_finals_the_later_provider_time_decides(early, late):
    assert told(fact(early, minute=1), fact(late, UNSIGNED, 2)).status is late
    assert told(fact(early, minute=None), fact(late, minute=2)).status is late


@pytest.mark.parametrize("minute", [None, 5])
@pytest.mark.parametrize("failure", [S.FAILED, S.BUSY, S.NO_ANSWER])
@pytest.mark.parametrize("success", [S.DELIVERED, S.RECEIVED])
def test_at_equal_times_failure_beats_partial_beats_canceled_beats_success(
    failure, success, minute
):
    news = [fact(word, minute=minute) for word in (failure, S.PARTIAL, S.CANCELED, success)]
    for worse, better in pairwise(news):
        assert told(worse, better).status is worse.status
    assert told(*news).status is failure


def test_two_finals_that_disagree_are_a_conflict_and_ask_for_a_poll():
    state = told(fact(S.DELIVERED, minute=1), fact(S.FAILED, minute=2))
    assert state.flags == {Flag.CONFLICT}
    assert state.asks_poll


def test_two_finals_that_agree_are_no_conflict():
    state = told(fact(S.DELIVERED, minute=1), fact(S.DELIVERED, minute=2, pages=3))
    assert state.flags == frozenset()
    assert not state.asks_poll


@pytest.mark.parametrize("truth", FINALS)
def test_a_confirmed_final_clears_a_conflict(truth):
    state = told(fact(S.DELIVERED, minute=1), fact(S.FAILED, minute=2), fact(truth, CONFIRMED, 0))
    assert (state.status, state.flags, state.asks_poll) == (truth, frozenset(), False)


FIRST = fact(S.BUSY, UNSIGNED, 1, attempt="a", reason="line.busy")
SECOND = fact(S.BUSY, UNSIGNED, 2, attempt="b", retried=True, reason="line.busy")
SUCCESS = fact(S.DELIVERED, UNSIGNED, 3, attempt="c", retried=True)


def test_a_retry_that_succeeds_is_delivered_without_a_conflict():
    state = told(FIRST, SECOND, SUCCESS)
    assert (state.status, state.flags, state.reason) == (S.DELIVERED, frozenset(), None)


def test_a_retried_failure_is_provisional_until_it_succeeds():
    assert told(FIRST).flags == frozenset()
    assert told(FIRST, SECOND).flags == {Flag.PROVISIONAL}
    assert told(FIRST, SECOND).asks_poll
    assert told(FIRST, SECOND, SUCCESS).flags == frozenset()


def test_a_retried_failure_is_provisional_until_it_is_confirmed():
    confirmed = fact(S.BUSY, CONFIRMED, 2)
    assert told(FIRST, SECOND, confirmed).flags == frozenset()


REDIAL, FAIL_OVER = frozenset({Following.REDIAL}), frozenset({Following.FAIL_OVER})


@pytest.mark.parametrize(
    ("able", "reason", "again"),
    [
        (REDIAL, "line.busy", True),
        (REDIAL, "account.credit", False),
        (FAIL_OVER, "account.credit", True),
        (FAIL_OVER, "document.fetch", False),
        (REDIAL | FAIL_OVER, "tx.page_unconfirmed", False),
        (frozenset(), "line.busy", False),
        (None, "line.busy", False),
    ],
)
def test_a_failure_about_which_something_is_done_is_flagged_as_soon_as_it_is_known(
    able, reason, again
):
    ordered = fact(S.QUEUED, OWN, follows=able)
    for evidence in (UNSIGNED, CONFIRMED):
        failed = fact(S.FAILED, evidence, 1, reason=reason)
        assert (told(ordered, failed).flags == {Flag.RETRYING}) is again
        canceled = fact(None, OWN, follows=frozenset())
        assert told(ordered, failed, canceled).flags == frozenset()
    assert told(ordered, fact(S.BUSY, CONFIRMED, 1)).asks_poll is False
    assert told(ordered, fact(S.DELIVERED, SIGNED, 1)).flags == frozenset()


def test_a_failure_after_a_success_of_another_attempt_is_a_conflict():
    later = fact(S.FAILED, UNSIGNED, 4, attempt="d", retried=True)
    assert told(SUCCESS, later).flags == {Flag.CONFLICT, Flag.PROVISIONAL}


def test_two_ends_of_one_attempt_are_a_conflict_even_when_the_failure_came_first():
    failed = fact(S.FAILED, UNSIGNED, 1, attempt="c")
    state = told(failed, SUCCESS)
    assert (state.status, state.flags) == (S.DELIVERED, {Flag.CONFLICT})


def test_a_field_takes_the_value_of_the_greatest_fact_that_has_one():
    state = told(
        fact(S.SENDING, minute=1, pages=1, remote_station_id="OFFICE"),
        fact(S.DELIVERED, minute=2, pages=2, duration=0),
        fact(S.QUEUED, minute=3, pages=9, recipient=Number("+1", "+1")),
    )
    assert (state.pages, state.duration, state.remote_station_id) == (2, 0, "OFFICE")
    assert state.recipient == Number("+1", "+1")


def test_zero_is_a_value():
    assert told(fact(S.SENDING, pages=3), fact(S.FAILED, pages=0)).pages == 0


def test_the_direction_a_word_implies_survives_a_word_that_implies_none():
    assert told(fact(S.RECEIVING), fact(S.FAILED)).direction is Direction.INBOUND
    inbound = fact(S.QUEUED, direction=Direction.INBOUND)
    assert told(inbound, fact(S.BUSY)).direction is Direction.INBOUND


def test_the_main_id_is_the_deciding_facts_and_every_id_stands_once():
    call, control = Reference("call", shared=True), Reference("control")
    sending = fact(S.SENDING, references=(control, call))
    delivered = fact(S.DELIVERED, references=(Reference("call"), Reference("a")))
    assert told(sending, delivered).references == (call, Reference("a"), control)
    assert told(sending, delivered).provider_fax_id == "call"


def test_a_reason_belongs_to_the_outcome():
    busy = fact(S.BUSY, minute=1, reason="line.busy")
    assert told(busy, fact(S.FAILED, minute=2)).reason == "line.busy"
    assert told(busy, fact(S.DELIVERED, minute=2)).reason is None
    assert told(busy, fact(S.CANCELED, minute=2)).reason == "unknown"


def test_a_fax_finishes_when_the_provider_says_it_did():
    callback = fact(S.DELIVERED, SIGNED, 5, arrived=6)
    poll = fact(S.DELIVERED, CONFIRMED, None, arrived=600)
    assert (told(callback, poll).finished_at - NOON).seconds == 5 * 60


def test_a_fax_without_provider_times_finishes_when_we_first_heard():
    callback = fact(S.DELIVERED, arrived=6)
    poll = fact(S.DELIVERED, CONFIRMED, arrived=600)
    assert (told(callback, poll).finished_at - NOON).seconds == 6 * 60


def test_a_fact_that_moves_nothing_may_ask_for_a_poll():
    completed = fact(None, asks_poll=True, duration=40)
    state = told(fact(S.SENDING), completed)
    assert (state.status, state.asks_poll, state.duration) == (S.SENDING, True, 40)
    assert not told(fact(S.DELIVERED), completed).asks_poll


def test_a_fax_of_which_nothing_is_known_yet_is_queued_in_no_direction():
    state = told(fact(None))
    assert (state.status, state.direction, state.finished_at) == (S.QUEUED, None, None)


@pytest.mark.parametrize("word", [*FaxStatus, None])
def test_every_word_alone_makes_a_fax(word):
    assert told(fact(word)).status is (word or S.QUEUED)


def test_a_contradiction_never_reads_as_success_at_equal_times():
    for worse in FINALS:
        if worse.outcome is not Outcome.SUCCESS:
            assert told(fact(worse), fact(S.DELIVERED)).status.outcome is not Outcome.SUCCESS
