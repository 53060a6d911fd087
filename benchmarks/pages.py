"""How long the dashboard's pages take as the tables grow: the time of the server alone.

Each is asked for as the browser of somebody who has signed in does it, through the whole
application and without a network, in other words every time. The first answer of a process has
templates to compile, and a PDF a library and fonts to load; so it stands by itself.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from random import Random
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from benchmarks.asking import API
from benchmarks.comparing import Ground, Times
from benchmarks.copying import Sample
from benchmarks.exemplars import PUBLIC_URL
from benchmarks.filling import Filled
from benchmarks.questions import QUESTIONS
from benchmarks.report import aligned
from faxhooks.db.accounts import list_accounts
from faxhooks.db.callbacklists import CallbackFilter, list_page
from faxhooks.services.sessions import sign_in_key

MOST_MS: Final = 200.0
"""So long may a page take in the largest database, half of the time, whatever else the machine
does meanwhile.
"""

_WORDINGS: Final = 20
_WARM: Final = 12
"""As in `comparing`, and for the same reason."""
_ROUND: Final = 5
_ANSWERS: Final = (200, 303)
"""A search that can mean one thing only goes on to it."""

Address = Callable[[Ground, Sample], str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and where it is for a fax of the database; `fits` are those it can be asked about."""

    name: str
    address: Address
    fits: Callable[[Sample, Filled], bool] = lambda *_: True

    def addresses(self, ground: Ground) -> list[str]:
        """In different words; the same ones for the same faxes. A database that is so small that
        none fits is asked about any.
        """
        samples = ground.filled.samples
        fitting = [each for each in samples if self.fits(each, ground.filled)]
        chosen = Random(self.name).choices(fitting or samples, k=_WORDINGS)
        return [self.address(ground, sample) for sample in chosen]


@dataclass(slots=True)
class Shown:
    """A page in one database: its first answer in milliseconds, and the times of the others."""

    faxes: int
    first_ms: float = 0.0
    times: Times = field(default_factory=Times)

    def as_json(self) -> dict[str, Any]:
        """All of it but the single times."""
        parts = ("quiet_ms", "median_ms", "p99_ms")
        measured = {part: getattr(self.times, part) for part in parts}
        return {"faxes": self.faxes, "first_ms": self.first_ms, **measured}


@dataclass(frozen=True, slots=True)
class Visit:
    """A page in each database, from the smallest to the largest."""

    database: str
    page: Page
    shown: Sequence[Shown]

    @property
    def is_met(self) -> bool:
        """Whether it is quick enough in the largest."""
        return self.shown[-1].times.median_ms <= MOST_MS

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        figures = [each.as_json() for each in self.shown]
        return {
            "database": self.database,
            "page": self.page.name,
            "goal_ms": MOST_MS,
            "met": self.is_met,
            "figures": figures,
        }


def visit(
    kind: str, pages: Iterable[Page], grounds: Sequence[Ground], *, runs: int, seconds: float
) -> Iterator[Visit]:
    """Each page so often, or for so long if that is over sooner, in each database in turns."""
    for page in pages:
        visitors = [_Visitor(page, ground) for ground in grounds]
        for visitor in visitors:
            visitor.warm_up(min(_WARM, runs))
        for _ in range(0, runs, _ROUND):
            for visitor in visitors:
                visitor.look(min(_ROUND, runs), seconds)
        yield Visit(kind, page, [visitor.shown for visitor in visitors])


def table(visits: Sequence[Visit]) -> str:
    """The figures for people, in milliseconds."""
    sizes = [each.faxes for each in visits[0].shown] if visits else []
    parts = ("first", "quiet", "p50", "p99")
    head = ["page", *(f"{size:,}: {part}" for size in sizes for part in parts), "at most"]
    said = ["met" if each.is_met else "NOT MET" for each in visits]
    lines = aligned([head, *map(_cells, visits)]).splitlines()
    return "\n".join(
        f"{line}  {word}".rstrip() for line, word in zip(lines, ["", *said], strict=True)
    )


def progress(each: Visit) -> str:
    """One page's line while others are still to come."""
    times = ", ".join(f"{shown.times.median_ms:.0f} ms" for shown in each.shown)
    return f"{each.database}, page {each.page.name}: {times}"


class _Visitor:
    """Somebody who opens one page again and again."""

    def __init__(self, page: Page, ground: Ground) -> None:
        self.shown = Shown(ground.filled.faxes)
        self._client = ground.app.test_client(use_cookies=False)
        self._addresses = cycle(enumerate(page.addresses(ground)))
        token = sign_in_key(ground.database, key=ground.key, address="127.0.0.1")
        self._headers = {"Cookie": f"__Host-faxhooks={token}"}

    def warm_up(self, times: int) -> None:
        """The first one counts by itself, those after it not at all."""
        self.shown.first_ms = round(self._open(next(self._addresses)[1]) * 1000, 1)
        for _, address in islice(self._addresses, times):
            self._open(address)

    def look(self, times: int, seconds: float) -> None:
        """So often, unless it has taken so long already."""
        taken = self.shown.times
        for wording, address in islice(self._addresses, times):
            if sum(taken.seconds) > seconds and len(taken.seconds) >= _ROUND:
                return
            taken.add(wording, self._open(address))

    def _open(self, address: str) -> float:
        began = time.perf_counter()
        answer = self._client.get(address, base_url=PUBLIC_URL, headers=self._headers)
        took = time.perf_counter() - began
        if answer.status_code not in _ANSWERS or "/sign-in" in answer.headers.get("Location", ""):
            raise RuntimeError(f"{address} was answered with {answer.status_code}")
        return took


def _cells(each: Visit) -> list[str]:
    cells = [f"{each.database} {each.page.name}"]
    for shown in each.shown:
        times = (shown.first_ms, shown.times.quiet_ms, shown.times.median_ms, shown.times.p99_ms)
        cells += [f"{time:,.0f}" for time in times]
    return [*cells, f"{MOST_MS:,.0f}"]


def _at(path: str, **parameters: str) -> Address:
    return lambda *_: f"{path}?{urlencode(parameters)}" if parameters else path


def _like(question: str, name: str) -> Page:
    """The page that shows what the API is asked for by the question of this name."""
    (asked,) = (each for each in QUESTIONS if each.name == question)

    def address(ground: Ground, sample: Sample) -> str:
        return asked.word(sample, ground.filled, ground.app).path.removeprefix(API)

    return Page(name, address, asked.fits)


def _fax(below: str = "") -> Address:
    return lambda _, sample: f"/faxes/{UUID(sample.fax_id)}{below}"


def _search(_: Ground, sample: Sample) -> str:
    """What people type: a number's beginning, without the plus."""
    return f"/faxes/find?{urlencode({'search': sample.recipient[1:6]})}"


def _account(below: str = "") -> Address:
    def address(ground: Ground, _: Sample) -> str:
        account = next(row for row in ground.database.read(list_accounts) if row.label == "main")
        return f"/accounts/{account.id}{below}"

    return address


def _callback(ground: Ground, _: Sample) -> str:
    found = ground.database.read(lambda session: list_page(session, CallbackFilter(), limit=50)[0])
    return f"/callbacks/{found[-1].id}"


def _number(_: Ground, sample: Sample) -> str:
    return f"/numbers?{urlencode({'number': sample.recipient})}"


def _busiest(ground: Ground, _: Sample) -> str:
    sent = (each.recipient for each in ground.filled.samples if each.direction == "outbound")
    ((number, _count),) = Counter(sent).most_common(1)
    return f"/numbers?{urlencode({'number': number})}"


PAGES: Final[Sequence[Page]] = (
    Page("today", _at("/")),
    Page("today, the week", _at("/", span="week")),
    _like("first page", "faxes"),
    _like("by status and time", "faxes, busy in a month"),
    _like("by a frequent tag", "faxes by a tag"),
    _like("by number's prefix", "faxes by a number's beginning"),
    _like("page 10,000", "faxes, page 10,000"),
    Page("search for a number's beginning", _search),
    Page("a fax", _fax()),
    Page("a fax's report", _fax("/report")),
    Page("a fax's report as PDF", _fax("/report.pdf")),
    _like("callbacks", "callbacks"),
    _like("callbacks not understood", "callbacks not understood"),
    _like("callbacks of an account", "callbacks of an account"),
    _like("callbacks of a fax", "callbacks of a fax"),
    Page("a callback", _callback),
    Page("accounts", _at("/accounts")),
    Page("an account", _account()),
    Page("an account's set-up", _account("/set-up")),
    Page("a number", _number, lambda sample, filled: sample.recipient not in filled.busy),
    Page("the busiest number", _busiest),
)


def named(part: str) -> Iterator[Page]:
    """The pages with this in their name; all of them for an empty one."""
    return (page for page in PAGES if part in page.name)
