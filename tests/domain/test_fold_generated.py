"""The fold over drawn sets of facts, larger than can be tried one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from faxhooks.domain.fax import FaxStatus, Outcome, Reference
from faxhooks.domain.lifecycle import fold, precedence
from tests.domain.facts import DRAWN, NOON, TRIED, fact
from tests.domain.plain_rules import plain_fold
from tests.domain.proofs import check_grouping, check_repetition

# Drawn alike in every run, so that a change that breaks nothing never fails.
often = settings(max_examples=150, deadline=None, database=None, derandomize=True)
tried = st.lists(st.sampled_from(TRIED), min_size=1, max_size=12)
facts = st.lists(st.sampled_from(DRAWN), min_size=1, max_size=12)


@often
@given(facts, st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(events, dice):
    shuffled = dice.sample(events, len(events))
    assert fold(shuffled) == fold(events) == plain_fold(events)


@often
@given(facts, st.data())
def test_facts_that_come_again_change_nothing(events, data):
    again = data.draw(st.lists(st.sampled_from(events), max_size=12))
    check_repetition(fold, events, again)


@often
@given(facts, facts)
def test_how_facts_are_grouped_does_not_matter(left, right):
    check_grouping(fold, left, right)


@often
@given(facts, facts)
def test_the_greatest_of_each_group_decides_like_all_of_them(left, right):
    greatest = [max(left, key=precedence), max(right, key=precedence)]
    assert fold(greatest).status is fold([*left, *right]).status


@often
@given(facts, facts)
def test_more_facts_never_take_a_fax_back_a_phase(known, more):
    before, after = fold(known).status, fold([*known, *more]).status
    assert after.phase >= before.phase
    if before.is_final:
        assert after.is_final


@often
@given(facts, facts)
def test_an_empty_value_never_erases_a_known_one(known, more):
    before, after = fold(known), fold([*known, *more])
    for name in ("sender", "recipient", "direction", "error", "pages", "duration", "cost"):
        assert getattr(before, name) is None or getattr(after, name) is not None
    ids = [reference.id for reference in after.references]
    assert {reference.id for reference in before.references} <= set(ids)
    assert len(set(ids)) == len(ids)


@often
@given(facts)
def test_a_fax_is_finished_and_explained_exactly_when_its_status_says_so(events):
    state = fold(events)
    assert (state.finished_at is not None) == state.status.is_final
    assert (state.reason is not None) == (
        state.status.outcome in (Outcome.FAILURE, Outcome.CANCELED)
    )


@often
@given(facts)
def test_no_two_facts_share_a_place(events):
    places = {precedence(event) for event in events}
    assert len(places) == len({event.digest for event in events})


@often
@given(tried, st.randoms(use_true_random=False))
def test_the_order_of_the_facts_of_several_tries_does_not_matter(events, dice):
    shuffled = dice.sample(events, len(events))
    assert fold(shuffled) == fold(events) == plain_fold(events)


@often
@given(tried, st.data())
def test_facts_of_several_tries_that_come_again_change_nothing(events, data):
    again = data.draw(st.lists(st.sampled_from(events), max_size=12))
    check_repetition(fold, events, again)


@often
@given(tried, tried)
def test_how_facts_of_several_tries_are_grouped_does_not_matter(left, right):
    check_grouping(fold, left, right)


@often
@given(facts)
def test_a_try_begun_after_all_else_opens_a_fax_unless_it_arrived(events):
    again = fact(FaxStatus.QUEUED, references=(Reference("own2"), Reference("a")), begins=2)
    before, after = fold(events).status, fold([*events, again]).status
    assert after is (before if before.outcome is Outcome.SUCCESS else FaxStatus.QUEUED)


@often
@given(st.sampled_from(DRAWN), st.integers(0, 9), st.integers(0, 9))
def test_a_fact_counts_from_its_first_arrival(event, first, second):
    said = {"status": event.status, "evidence": event.evidence}
    posts = [fact(**said, arrived=first), fact(**said, arrived=second)]
    state = fold(posts)
    assert state.events == 1
    assert (state.created_at - NOON).seconds == 60 * min(first, second)
