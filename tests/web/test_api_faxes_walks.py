"""From page to page while 200 faxes a second arrive: none passed over, none met twice.

`FAXHOOKS_WALK=100000` walks through so many; the usual number is small enough for every run.
"""

import json
import os
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from faxhooks.db.faxes import Home
from tests.story import PUBLIC_URL, Api, Service
from tests.web.arrivals import Arrivals, fill

FAXES = int(os.environ.get("FAXHOOKS_WALK", "2500"))
LIMIT = 40 if FAXES <= 2500 else 200


def walk(api: Api, sort: str, limit: int = LIMIT) -> tuple[list[dict[str, Any]], float]:
    """All that the pages show, and when the last one was asked for."""
    path, shown = f"/faxes?sort={sort}&limit={limit}&fields=id,events,created_at,updated_at", []
    while path:
        asked_at = time.monotonic()
        answer = api.get(path)
        assert answer.status_code == 200, answer.text
        shown += json.loads(answer.text)["data"]
        link = answer.headers.get("Link", "")
        path = link[1:].partition(">")[0].removeprefix(f"{PUBLIC_URL}/api/v1")
    return shown, asked_at


def crowd(service: Service) -> Arrivals:
    database, account = service.parts.database, service.hook.signalwire_account
    home = Home(account.id, account.provider)
    return Arrivals(database, home, fill(database, home, FAXES, timedelta(hours=1)))


def walk_in_a_crowd(service: Service, sort: str) -> tuple[Arrivals, list[dict[str, Any]], float]:
    arrivals = crowd(service)
    with arrivals.arriving():
        shown, asked_at = walk(service.api, sort)
    listed = Counter(fax["id"] for fax in shown)
    assert {str(fax_id) for fax_id in arrivals.known} - listed.keys() == set(), "passed over"
    assert len(arrivals.committed) > 100
    return arrivals, shown, asked_at


def assert_none_twice(shown: list[dict[str, Any]]) -> None:
    listed = Counter(fax["id"] for fax in shown)
    assert {fax_id: times for fax_id, times in listed.items() if times > 1} == {}


@pytest.mark.parametrize("sort", ["-created_at", "-updated_at"])
def test_a_descending_walk_shows_every_fax_exactly_once(service: Service, sort: str) -> None:
    _, shown, _ = walk_in_a_crowd(service, sort)
    assert_none_twice(shown)


def test_an_ascending_walk_shows_every_fax_that_was_there_when_it_ended(service: Service) -> None:
    arrivals, shown, asked_at = walk_in_a_crowd(service, "created_at")
    assert_none_twice(shown)
    there = {str(fax_id) for fax_id in arrivals.events_before(asked_at)}
    assert there - {fax["id"] for fax in shown} == set()


def test_a_walk_by_updated_at_ends_with_the_last_word_about_every_fax(service: Service) -> None:
    arrivals, shown, asked_at = walk_in_a_crowd(service, "updated_at")
    last = {fax["id"]: fax["events"] for fax in shown}
    said = arrivals.events_before(asked_at)
    behind = {id_: n for id_, n in said.items() if last.get(str(id_), 0) < n}
    assert behind == {}
