"""The dashboard's pages in `make bench-queries`: each is opened, and judged by its time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import pages, queries
from benchmarks.comparing import Ground, Times
from benchmarks.exemplars import make_exemplars
from benchmarks.pages import PAGES, Shown, Visit


@pytest.fixture
def ground(blank_sqlite_url: str, tmp_path: Path) -> Iterator[Ground]:
    exemplars = make_exemplars(tmp_path, of_each=1, seed=1)
    made = queries.make_ground(blank_sqlite_url, exemplars, 300)
    yield made
    made.database.engine.dispose()


def test_every_page_opens_and_is_timed(ground: Ground) -> None:
    visits = list(pages.visit("sqlite", PAGES, [ground], runs=1, seconds=1))
    assert [visit.page for visit in visits] == list(PAGES)
    assert all(visit.shown[0].first_ms > 0 for visit in visits)
    assert all(visit.shown[0].times.median_ms > 0 for visit in visits)
    assert {visit["page"] for visit in map(Visit.as_json, visits)} == {each.name for each in PAGES}


@pytest.mark.parametrize(("milliseconds", "said"), [(199.9, "  met"), (200.1, "  NOT MET")])
def test_a_page_is_judged_in_the_largest_database(milliseconds: float, said: str) -> None:
    shown = [Shown(faxes, 1.0, Times()) for faxes in (100, 1000)]
    shown[0].times.add(0, 9.0)
    shown[1].times.add(0, milliseconds / 1000)
    assert pages.table([Visit("sqlite", PAGES[0], shown)]).splitlines()[-1].endswith(said)


def test_pages_are_chosen_by_name() -> None:
    assert [page.name for page in pages.named("PDF")] == ["a fax's report as PDF"]
