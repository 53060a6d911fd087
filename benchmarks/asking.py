"""How the API is asked: the same words to its query functions and to the application."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from benchmarks.copying import Sample
from benchmarks.filling import Filled
from faxhooks.db import callbacklists, feed
from faxhooks.db.buckets import Bucket
from faxhooks.db.callbacklists import CallbackFilter
from faxhooks.db.callbackwalks import Position
from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import Bookmark, FaxFilter, Sort, describe_fax, list_page
from faxhooks.db.history import list_entries
from faxhooks.db.statistics import Grouping, Window
from faxhooks.services.advising import ask_experience
from faxhooks.services.statistics import ask_statistics
from faxhooks.web.api.callbackqueries import CallbackQuery
from faxhooks.web.api.faxqueries import FaxQuery

Query = Callable[[Session], int]
"""A query as the API runs it; gives the number of rows it found, or of the faxes it counted."""

API: Final = "/api/v1"
LIMIT: Final = 50
_WORDINGS: Final = 40
"""So that each comes several times, and one of them undisturbed."""


class Goal(StrEnum):
    """What is asked of the time that a question takes."""

    FLAT = "flat"  # At ten times as many faxes at most 1.5 times as long.
    COUNTING = "counting"  # It grows with what is counted, and not with the table.
    YEAR = "year"  # Under 10 ms, a year and what is shorter.


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its words."""

    query: Query
    path: str


Word = Callable[[Sample, Filled, Flask], Asked]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that the API is asked for. `fits` are the samples that it can be asked about."""

    name: str
    word: Word
    goal: Goal = Goal.FLAT
    fits: Callable[[Sample, Filled], bool] = lambda *_: True

    def ask(self, filled: Filled, app: Flask) -> list[Asked]:
        """The same question in different words; the same ones for the same faxes."""
        fitting = [sample for sample in filled.samples if self.fits(sample, filled)]
        chosen = Random(self.name).choices(fitting, k=_WORDINGS)
        return [self.word(sample, filled, app) for sample in chosen]


def faxes(parameters: Callable[[Sample], dict[str, Any]]) -> Word:
    """A first page of faxes."""
    return lambda sample, *_: _page(_texts(parameters(sample)), None)


def further_faxes(changes: int, sort: Sort = Sort.NEWEST) -> Word:
    """A page of all faxes by its cursor, so many changes after the page before."""

    def word(sample: Sample, filled: Filled, app: Flask) -> Asked:
        moment = sample.created_at.replace(tzinfo=UTC)
        after = Bookmark(moment, UUID(sample.fax_id), max(0, filled.events - changes))
        return _page({"sort": sort.value}, after, app)

    return word


def _page(given: dict[str, str], after: Bookmark | None, app: Flask | None = None) -> Asked:
    """The parameters are read as the route reads them, so that both ask for the same."""
    asked = FaxQuery().load(MultiDict(given))
    wanted, sort = FaxFilter(**asked["filters"]), asked["sort"]
    if after is not None and app is not None:
        cursors = app.extensions["faxhooks.cursors"]
        given = {**given, "cursor": cursors.make_walk((wanted, sort), after)}

    def query(session: Session) -> int:
        return len(list_page(session, wanted, limit=LIMIT, sort=sort, after=after)[0])

    return Asked(query, _address("/faxes", limit=LIMIT, **given))


def a_fax(sample: Sample, *_: Any) -> Asked:
    """One fax by its id."""
    fax_id = UUID(sample.fax_id)

    def query(session: Session) -> int:
        return len(describe_fax(session, get_fax(session, fax_id)).references)

    return Asked(query, _address(f"/faxes/{fax_id}"))


def history(sample: Sample, *_: Any) -> Asked:
    """Its events."""
    fax_id = UUID(sample.fax_id)

    def query(session: Session) -> int:
        return len(list_entries(session, [get_fax(session, fax_id).id])[fax_id])

    return Asked(query, _address(f"/faxes/{fax_id}/history"))


def changes(sample: Sample, filled: Filled, _: Flask) -> Asked:
    """The feed from somewhere on."""
    after = round(sample.place * filled.events)

    def query(session: Session) -> int:
        return len(feed.list_changes(session, after=after, limit=LIMIT))

    return Asked(query, _address("/changes", after=after, limit=LIMIT))


def callbacks(parameters: Callable[[Sample], dict[str, Any]]) -> Word:
    """A first page of the raw inbox."""
    return lambda sample, *_: _inbox(_texts(parameters(sample)), None)


def further_callbacks(parameters: Callable[[Sample], dict[str, Any]]) -> Word:
    """A page of the raw inbox by its cursor, from the sample on."""

    def word(sample: Sample, _: Filled, app: Flask) -> Asked:
        after = sample.created_at.replace(tzinfo=UTC), UUID(sample.fax_id)
        return _inbox(_texts(parameters(sample)), after, app)

    return word


def _inbox(given: dict[str, str], after: Position | None, app: Flask | None = None) -> Asked:
    """As with faxes, the parameters are read as the route reads them."""
    wanted = CallbackFilter(**CallbackQuery().load(MultiDict(given))["filters"])
    if after is not None and app is not None:
        cursors = app.extensions["faxhooks.cursors"]
        given = {**given, "cursor": cursors.make(wanted, after)}

    def query(session: Session) -> int:
        return len(callbacklists.list_page(session, wanted, limit=LIMIT, after=after)[0])

    return Asked(query, _address("/callbacks", limit=LIMIT, **given))


def statistics(
    span: timedelta, bucket: Bucket | None = None, groupings: Sequence[Grouping] = ()
) -> Word:
    """Counts and times of a span that ends with the sample."""
    named = {"bucket": bucket, "group_by": ",".join(groupings)}
    options = {name: str(value) for name, value in named.items() if value}

    def word(sample: Sample, *_: Any) -> Asked:
        end = sample.created_at.replace(tzinfo=UTC)
        window = Window(start=end - span, end=end)

        def query(session: Session) -> int:
            found = ask_statistics(session, window, bucket=bucket, groupings=groupings)
            return int(found.total["faxes"])

        ends = _texts({"from": sample.created_at - span, "to": sample.created_at})
        return Asked(query, _address("/stats", **options, **ends))

    return word


def a_number(sample: Sample, *_: Any) -> Asked:
    """How faxing a number goes."""

    def query(session: Session) -> int:
        return ask_experience(session, sample.recipient, accounts=None).attempts

    return Asked(query, _address(f"/numbers/{quote(sample.recipient)}"))


def _texts(given: dict[str, Any]) -> dict[str, str]:
    """Values as they are written in an address."""
    return {
        name: f"{value.isoformat()}Z" if isinstance(value, datetime) else str(value)
        for name, value in given.items()
    }


def _address(path: str, **parameters: Any) -> str:
    return f"{API}{path}?{urlencode(parameters)}" if parameters else f"{API}{path}"
