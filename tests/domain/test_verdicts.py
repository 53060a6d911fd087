"""What an event did when it arrived."""

import pytest

from faxhooks.domain.fax import Evidence, FaxStatus, Verdict
from faxhooks.domain.lifecycle import fold, judge
from tests.domain.facts import OPEN, fact

S = FaxStatus


def verdict(*events):
    """The verdict on the last of these events."""
    before = fold(events[:-1]) if events[:-1] else None
    return judge(before, events[-1], fold(events))


@pytest.mark.parametrize("word", [*FaxStatus, None])
def test_the_first_fact_of_a_fax_is_applied(word):
    assert verdict(fact(word)) is Verdict.APPLIED


def test_progress_is_applied():
    assert verdict(fact(S.QUEUED), fact(S.SENDING)) is Verdict.APPLIED
    assert verdict(fact(S.SENDING), fact(S.DELIVERED)) is Verdict.APPLIED
    assert verdict(fact(S.UNCONFIRMED), fact(S.DELIVERED)) is Verdict.APPLIED


@pytest.mark.parametrize("late", [*OPEN, S.UNCONFIRMED, None])
def test_delivered_and_then_an_open_word_is_stale(late):
    delivered = fact(S.DELIVERED, minute=1)
    assert verdict(delivered, fact(late, minute=2, arrived=3)) is Verdict.STALE


def test_a_late_word_that_brings_a_new_value_is_applied():
    assert verdict(fact(S.DELIVERED), fact(S.SENDING, pages=2)) is Verdict.APPLIED


def test_a_final_that_disagrees_is_a_conflict_whichever_of_the_two_decides():
    early, late = fact(S.DELIVERED, minute=1), fact(S.FAILED, minute=2)
    assert verdict(early, late) is Verdict.CONFLICT
    assert verdict(late, early) is Verdict.CONFLICT


def test_a_retry_that_succeeds_is_applied_not_a_conflict():
    failed = fact(S.FAILED, minute=1, attempt="a")
    success = fact(S.DELIVERED, minute=2, attempt="b", retried=True)
    assert verdict(failed, success) is Verdict.APPLIED


def test_an_earlier_attempt_that_arrives_after_the_success_is_stale():
    success = fact(S.DELIVERED, minute=2, attempt="b", retried=True)
    assert verdict(success, fact(S.FAILED, minute=1, attempt="a")) is Verdict.STALE


def test_the_confirmed_answer_to_a_conflict_is_applied():
    contradiction = fact(S.DELIVERED, minute=1), fact(S.FAILED, minute=2)
    confirmed = fact(S.DELIVERED, Evidence.CONFIRMED)
    assert verdict(*contradiction, confirmed) is Verdict.APPLIED


def test_a_final_that_a_confirmed_one_contradicts_is_stale():
    confirmed = fact(S.DELIVERED, Evidence.CONFIRMED, 1)
    assert verdict(confirmed, fact(S.FAILED, minute=9)) is Verdict.STALE


def test_a_final_that_agrees_with_the_deciding_one_is_no_new_conflict():
    contradiction = fact(S.DELIVERED, minute=2), fact(S.FAILED, minute=3)
    assert verdict(*contradiction, fact(S.FAILED, minute=1)) is Verdict.STALE


def test_progress_within_a_conflict_is_no_new_conflict():
    contradiction = fact(S.DELIVERED, minute=1), fact(S.FAILED, minute=2)
    assert verdict(*contradiction, fact(S.SENDING, minute=3)) is Verdict.STALE
