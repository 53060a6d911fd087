"""The fold over every small set of facts, in every order."""

from faxhooks.domain.fax import Evidence, FaxStatus
from faxhooks.domain.lifecycle import fold
from tests.domain.facts import OPEN, WORDS, fact
from tests.domain.proofs import check_every_arrival, check_every_order, check_every_set

SIGNED, CONFIRMED = Evidence.SIGNED, Evidence.CONFIRMED
NEWS = (FaxStatus.FAILED, FaxStatus.PARTIAL, FaxStatus.CANCELED, FaxStatus.DELIVERED)
"""One final of each kind of news; the rules tell no others apart."""


def test_every_pair_of_words_evidences_and_times_settles_as_the_rules_say():
    kinds = [fact(word, how, at) for word in WORDS for how in Evidence for at in (None, 0, 1)]
    orders = check_every_set(check_every_order, fold, kinds, 2)
    assert orders == 156 * 155


def test_every_three_finals_with_and_without_times_settle_as_the_rules_say():
    kinds = [
        fact(word, how, at) for word in NEWS for how in (SIGNED, CONFIRMED) for at in (None, 0, 1)
    ]
    orders = check_every_set(check_every_order, fold, kinds, 3)
    assert orders == 24 * 23 * 22


def test_every_set_of_up_to_four_words_settles_alike_however_it_arrives():
    kinds = [(word, SIGNED) for word in WORDS] + [(word, CONFIRMED) for word in NEWS]
    stamped = [[fact(word, how, arrived=n) for n in range(4)] for word, how in kinds]
    orders = [check_every_set(check_every_arrival, fold, stamped, size) for size in (1, 2, 3, 4)]
    assert orders == [17, 17 * 16, 17 * 16 * 15, 17 * 16 * 15 * 14]


def test_every_five_words_that_differ_to_the_rules_settle_alike_however_they_arrive():
    kinds = [
        *OPEN[:3],
        FaxStatus.UNCONFIRMED,
        FaxStatus.DELIVERED,
        FaxStatus.PARTIAL,
        FaxStatus.BUSY,
        FaxStatus.CANCELED,
        None,
    ]
    stamped = [[fact(word, arrived=n) for n in range(5)] for word in kinds]
    orders = check_every_set(check_every_arrival, fold, stamped, 5)
    assert orders == 9 * 8 * 7 * 6 * 5
