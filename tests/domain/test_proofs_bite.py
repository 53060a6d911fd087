"""Broken folds, to show that the proofs would notice."""

import pytest

from faxhooks.domain.fax import Evidence, FaxStatus, Reference
from faxhooks.domain.lifecycle import fold
from faxhooks.domain.tries import split
from tests.domain.facts import DRAWN, WORDS, fact
from tests.domain.proofs import (
    check_every_arrival,
    check_every_order,
    check_every_set,
    check_grouping,
    check_repetition,
)

KINDS = [
    fact(word, how, at)
    for word in (FaxStatus.SENDING, FaxStatus.DELIVERED, FaxStatus.FAILED)
    for how in (Evidence.SIGNED, Evidence.CONFIRMED)
    for at in (None, 0, 1)
]


def last_writer_wins(events):
    told = list(events)
    return fold(told)._replace(status=told[-1].status or FaxStatus.QUEUED)


def without_evidence(events):
    return fold(event._replace(evidence=Evidence.SIGNED) for event in events)


def without_times(events):
    return fold(event._replace(occurred_at=None) for event in events)


def in_order_of_arrival(events):
    return fold(event._replace(occurred_at=event.received_at) for event in events)


def counting_every_post(events):
    told = list(events)
    return fold(told)._replace(events=len(told))


def as_one_try(events):
    return fold(event._replace(begins=None) for event in events)


def the_latest_try_alone(events):
    told = list(events)
    latest = split(told)
    return fold(told)._replace(status=fold(latest[max(latest)]).status)


def tries_by_arrival(events):
    told = list(events)
    begun = [n for n, event in enumerate(told) if event.begins]
    return fold(told)._replace(status=fold(told[max(begun, default=0) :]).status)


@pytest.mark.parametrize("broken", [last_writer_wins, without_evidence, without_times])
def test_a_fold_that_drops_a_rule_is_caught_by_pairs_alone(broken):
    with pytest.raises(AssertionError):
        check_every_set(check_every_order, broken, KINDS, 2)


@pytest.mark.parametrize("broken", [last_writer_wins, in_order_of_arrival])
def test_a_fold_that_trusts_the_order_of_arrival_is_caught(broken):
    stamped = [[fact(word, arrived=n) for n in range(2)] for word in WORDS]
    with pytest.raises(AssertionError):
        check_every_set(check_every_arrival, broken, stamped, 2)


@pytest.mark.parametrize("broken", [as_one_try, the_latest_try_alone, tries_by_arrival])
def test_a_fold_that_mixes_up_tries_is_caught(broken):
    busy, sent = (Reference("their1"),), (Reference("their2"), Reference("own2"))
    tries = [
        fact(FaxStatus.BUSY, references=busy),
        fact(FaxStatus.DELIVERED, references=busy, minute=1),
        fact(FaxStatus.QUEUED, references=(Reference("own2"), Reference("own1")), begins=2),
        fact(FaxStatus.SENDING, references=sent),
        fact(FaxStatus.BUSY, references=sent[:1], minute=2),
    ]
    with pytest.raises(AssertionError):
        check_every_set(check_every_order, broken, tries, 4)


def test_a_fold_that_counts_a_repetition_is_caught():
    with pytest.raises(AssertionError):
        check_repetition(counting_every_post, DRAWN[:3], DRAWN[:1])


def test_a_fold_that_depends_on_grouping_is_caught():
    with pytest.raises(AssertionError):
        check_grouping(last_writer_wins, [fact(FaxStatus.DELIVERED)], [fact(FaxStatus.SENDING)])
