"""What each order does with a fax that crosses the reader's place between two pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from faxhooks.db import faxwalks
from faxhooks.db.faxes import Home
from faxhooks.db.models import FeedRow
from faxhooks.services.claiming import Fact
from faxhooks.services.recording import record
from tests.story import PUBLIC_URL, Service
from tests.web.arrivals import event_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Reader:
    """Hears of faxes at chosen minutes, and walks page by page."""

    def __init__(self, service: Service) -> None:
        self._service = service
        account = service.hook.signalwire_account
        self._home = Home(account.id, account.provider)
        self._told = 0
        self._next = ""

    def hear(self, **minutes: float) -> None:
        """Each fax was heard of at this minute past noon."""
        for fax, minute in minutes.items():
            self._told += 1
            event = event_of(fax, self._told, NOON + timedelta(minutes=minute))
            fact = Fact(self._home, event)
            self._service.parts.database.write(lambda session, fact=fact: record(session, [fact]))

    def begin(self, sort: str, limit: int = 2) -> str:
        self._next = f"/faxes?sort={sort}&limit={limit}"
        return self.turn()

    def turn(self) -> str:
        """The next page's faxes."""
        answer: Any = self._service.api.get(self._next)
        assert answer.status_code == 200, answer.text
        link = answer.headers.get("Link", "")
        self._next = link[1:].partition(">")[0].removeprefix(f"{PUBLIC_URL}/api/v1")
        return " ".join(fax["provider_fax_id"] for fax in answer.json["data"])

    def rest(self) -> list[str]:
        """All pages that are left."""
        pages = []
        while self._next:
            pages.append(self.turn())
        return pages

    def answer(self) -> Any:
        """The next page's response."""
        return self._service.api.get(self._next)


@pytest.fixture
def reader(service: Service) -> Reader:
    made = Reader(service)
    made.hear(f1=1, f2=2, f3=3, f4=4, f5=5, f6=6)
    return made


def test_who_becomes_visible_behind_an_ascending_reader_heads_the_next_page(
    reader: Reader,
) -> None:
    assert reader.begin("created_at") == "f1 f2"
    reader.hear(f9=1.5, f8=0.5)
    assert reader.rest() == ["f8 f9", "f3 f4", "f5 f6"]


def test_latecomers_that_fill_pages_hold_the_reader_where_he_is(reader: Reader) -> None:
    assert reader.begin("created_at") == "f1 f2"
    reader.hear(f9=1.9, f8=1.8, f7=1.7)
    assert reader.turn() == "f8 f9"
    reader.hear(f10=1.95, f11=1.6)
    assert reader.rest() == ["f7 f10", "f11 f3", "f4 f5", "f6"]


def test_a_fax_that_moves_behind_an_ascending_reader_is_shown_once(reader: Reader) -> None:
    assert reader.begin("created_at") == "f1 f2"
    reader.hear(f6=0.1, f1=0.2, f2=1.2)
    assert reader.turn() == "f6 f3"
    reader.hear(f6=0.05)
    assert reader.rest() == ["f4 f5"]


def test_a_fax_that_moves_ahead_of_a_descending_reader_is_not_shown_again(reader: Reader) -> None:
    assert reader.begin("-created_at") == "f6 f5"
    reader.hear(f6=1.5, f5=2.5)
    assert reader.turn() == "f4 f3"
    reader.hear(f3=0.5, f9=1.7, f8=7)
    assert reader.rest() == ["f2 f9", "f1"]


def test_a_fax_that_jumps_over_a_descending_reader_is_shown(reader: Reader) -> None:
    assert reader.begin("-updated_at") == "f6 f5"
    reader.hear(f1=7, f6=8, f9=9)
    assert reader.turn() == "f1 f4"
    reader.hear(f1=10, f2=11)
    assert reader.rest() == ["f2 f3"]


def test_by_updated_at_whatever_changed_is_shown_again_in_the_end(reader: Reader) -> None:
    assert reader.begin("updated_at") == "f1 f2"
    reader.hear(f1=0.5, f2=3.5, f9=1.5)  # Old news, news, and one that was late.
    assert reader.rest() == ["f1 f9", "f3 f2", "f4 f5", "f6"]


def test_the_last_page_says_that_it_is_the_last(reader: Reader) -> None:
    for sort in ("created_at", "-created_at", "updated_at", "-updated_at"):
        reader.begin(sort, limit=3)
        assert len(reader.rest()) == 1


def test_faxes_of_the_same_moment_are_told_apart(service: Service) -> None:
    reader = Reader(service)
    reader.hear(f1=1, f2=1, f3=1, f4=1, f5=1)
    assert [reader.begin("created_at"), *reader.rest()] == ["f1 f2", "f3 f4", "f5"]
    assert [reader.begin("-updated_at"), *reader.rest()] == ["f5 f4", "f3 f2", "f1"]


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "updated_at", "-updated_at"])
def test_a_cursor_that_too_much_has_changed_since_is_stale(
    service: Service, reader: Reader, sort: str
) -> None:
    reader.begin(sort)
    more = faxwalks.MOST_CHANGES + 1
    service.parts.database.write(
        lambda session: session.execute(update(FeedRow).values(last=FeedRow.last + more))
    )
    answer = reader.answer()
    assert answer.status_code == 400
    assert [fault["parameter"] for fault in answer.json["errors"]] == ["cursor"]


def test_a_cursor_that_would_have_to_name_too_many_is_stale(service: Service) -> None:
    reader = Reader(service)
    many = [f"f{number}" for number in range(1, faxwalks.MOST_MOVED + 2)]
    reader.hear(f100=1, **{fax: 10 + n / 100 for n, fax in enumerate(many)}, f101=2, f102=3)
    reader.begin("-created_at", limit=len(many))
    reader.hear(**dict.fromkeys(many, 2.5))
    answer = reader.answer()
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "cursor")
