"""When a fax is asked about next, by age, by what it says and by how asking went."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from faxhooks.domain.fax import Evidence, FaxStatus
from faxhooks.services.planning import Asked, Standing, Terms, next_due

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ZERO = UUID(int=0)  # Without jitter.
OPEN = Standing(ZERO, FaxStatus.SENDING, Evidence.SIGNED, NOW, NOW, None, None, priced=False)
ENDED = replace(OPEN, status=FaxStatus.DELIVERED, finished_at=NOW)
TERMS = Terms(askable=True, limit=timedelta(days=30))


def minutes(fax: Standing, count: int, terms: Terms = TERMS) -> list[float]:
    """The ages at which it is asked about when asking always works and changes nothing."""
    asked, found = Asked(), []
    for _ in range(count):
        due = next_due(fax, asked, terms, asked.at or NOW)
        if due is None:
            break
        found.append((due - NOW).total_seconds() / 60)
        asked = Asked(due)
    return found


def test_an_open_fax_is_asked_about_less_and_less_often_and_after_a_week_no_more() -> None:
    found = minutes(OPEN, 100)
    assert found[:8] == [2, 5, 10, 20, 40, 100, 160, 220]
    assert {later - sooner for sooner, later in pairwise(found[5:28])} == {60}
    limit = TERMS.limit.total_seconds() / 60
    assert max(age for age in found if age < limit) == 7 * 24 * 60


def test_faxes_of_one_moment_are_not_asked_about_at_one_moment() -> None:
    due = {next_due(replace(OPEN, id=UUID(int=n)), Asked(), TERMS, NOW) for n in range(100)}
    assert len(due) > 90
    assert min(filter(None, due)) >= NOW + timedelta(minutes=2)
    assert max(filter(None, due)) <= NOW + timedelta(minutes=2.2)


def test_an_end_without_a_price_is_asked_about_twice() -> None:
    assert minutes(ENDED, 9) == [5, 60]
    assert minutes(replace(ENDED, priced=True), 9) == []


@pytest.mark.parametrize(
    "unsure",
    [
        replace(ENDED, evidence=Evidence.UNSIGNED, priced=True),
        replace(ENDED, asks_at=NOW, priced=True),
    ],
)
def test_an_end_that_is_not_sure_is_asked_about_at_once_and_for_a_day(unsure: Standing) -> None:
    found = minutes(unsure, 100)
    assert found[:4] == [0, 2, 5, 10]
    assert found[-1] < 24 * 60


def test_what_ended_long_ago_is_left_alone() -> None:
    later = NOW + timedelta(days=2)
    assert next_due(replace(ENDED, evidence=Evidence.UNSIGNED), Asked(), TERMS, later) is None


def test_an_event_that_only_the_provider_can_settle_is_asked_about_at_once() -> None:
    asks = replace(OPEN, asks_at=NOW + timedelta(minutes=7))
    assert next_due(asks, Asked(NOW + timedelta(minutes=5)), TERMS, NOW) == asks.asks_at
    after = NOW + timedelta(minutes=8)
    assert next_due(asks, Asked(after), TERMS, after) == NOW + timedelta(minutes=10)


def test_asking_in_vain_is_repeated_ever_later() -> None:
    waits = [next_due(OPEN, Asked(NOW, failures), TERMS, NOW) for failures in (1, 2, 3, 20)]
    assert [(due - NOW).total_seconds() for due in waits if due] == [30, 60, 120, 3600]


def test_a_fax_that_cannot_be_asked_about_has_its_time_limit_alone() -> None:
    terms = Terms(askable=False, limit=timedelta(minutes=75))
    assert minutes(OPEN, 1, terms) == [75]
    assert minutes(replace(OPEN, status=FaxStatus.UNCONFIRMED), 9, terms) == []
    assert minutes(ENDED, 9, terms) == []
