"""Which faxes there are: how many of which kind, when, and between which numbers.

Two accounts, one at each provider; 50,000 numbers, of which some are faxed far more often
than most; nearly everything delivered; a few faxes still open, most of them of the last day;
tags on one of twenty. The spread is our own guess. Times within a raw body are those of the
exemplar.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from json import dumps
from random import Random
from typing import Any, Final

from benchmarks.exemplars import Exemplars
from benchmarks.stamping import EPOCH, MICROSECOND, NORMAL, Stamp, Template, new_id, new_names

END: Final = datetime.now(UTC).replace(tzinfo=None)
"""Now, in UTC, as the databases are given times: what asks for today finds something."""
SPAN: Final = timedelta(days=730)
KEPT: Final = timedelta(days=30)
"""For how long raw callbacks are kept: `faxhooks purge` deletes those before, but for the few
that nobody understood.
"""

NUMBERS: Final = 50_000
TAGGED: Final = 0.05
DEPARTMENTS: Final = ("billing", "claims", "intake", "legal", "records")

_OWN: Final = 20
_OPEN_LATELY: Final = 0.05
_OPEN_LONG: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Sample:
    """One of the faxes that are in, to ask for."""

    fax_id: str
    provider_fax_id: str
    direction: str
    recipient: str
    created_at: datetime
    tags: dict[str, str]
    keeps_callbacks: bool

    @property
    def place(self) -> float:
        """Where it lies in the whole time, from 0 to 1."""
        return 1 - (END - self.created_at) / SPAN


@dataclass(slots=True)
class Copy:
    """A new fax, still without its events' places in the feed."""

    template: Template
    stamp: Stamp
    tags: dict[str, str]
    keeps_callbacks: bool

    def sample(self) -> Sample:
        """What it can be asked for by."""
        stamp = self.stamp
        return Sample(
            fax_id=stamp.fax_id,
            provider_fax_id=stamp.names["id 0"],
            direction=self.template.direction,
            recipient=f"+{stamp.names['recipient']}",
            created_at=EPOCH + stamp.at * MICROSECOND,
            tags=self.tags,
            keeps_callbacks=self.keeps_callbacks,
        )

    def rows(self) -> dict[str, list[list[Any]]]:
        """Its rows but for the events, by their table."""
        template, stamp = self.template, self.stamp
        callbacks: list[list[Any]] = []
        if self.keeps_callbacks or template.unread:
            callbacks = template.copies("callbacks", stamp)
        if not self.keeps_callbacks:
            callbacks = [callbacks[number] for number in template.unread]
        return {
            "faxes": template.copies("faxes", stamp),
            "fax_references": template.copies("fax_references", stamp),
            "fax_tags": [[stamp.fax_id, *tag, stamp.time(0)] for tag in self.tags.items()],
            "callbacks": callbacks,
        }

    def events(self) -> Iterator[tuple[int, list[Any]]]:
        """Its events with the moments of their arrival, still without a place in the feed."""
        rows = self.template.copies("fax_events", self.stamp)
        for offset, row in zip(self.template.event_arrivals, rows, strict=True):
            yield self.stamp.moment(offset), row


class Copies:
    """All the faxes, in the order in which they are first heard of."""

    def __init__(self, exemplars: Exemplars, count: int, seed: int) -> None:
        self._count = count
        self._random = Random(seed)
        templates = [Template(exemplar) for exemplar in exemplars.faxes]
        self._ended = [template for template in templates if template.weight]
        self._open = [template for template in templates if not template.weight]
        self._weights = list(accumulate(template.weight for template in self._ended))
        self._numbers = _fictitious(self._random)
        self._own = [self._numbers.pop() for _ in range(_OWN)]

    def __iter__(self) -> Iterator[Copy]:
        start = (END - SPAN - EPOCH) // MICROSECOND
        apart = SPAN // MICROSECOND / self._count
        for number in range(self._count):
            yield self._copy(start + int((number + self._random.random()) * apart))

    def _copy(self, at: int) -> Copy:
        random = self._random
        moment = EPOCH + at * MICROSECOND
        template = self._template(moment)
        own = self._own[int(random.random() ** 2 * _OWN)]
        other = self._numbers[int(random.random() ** 3 * len(self._numbers))]
        ends = (other, own) if template.direction == "inbound" else (own, other)
        tags = self._tags()
        stamp = Stamp(
            at=at,
            pace=random.randrange(NORMAL // 4, NORMAL * 8),
            fax_id=new_id(random, at),
            tags=dumps(tags, sort_keys=True, separators=(",", ":")),
            names=new_names(template, random, *ends),
            callback_ids=[],
        )
        stamp.callback_ids = [new_id(random, stamp.moment(offset)) for offset in template.arrivals]
        return Copy(template, stamp, tags, END - moment < KEPT)

    def _template(self, moment: datetime) -> Template:
        share = _OPEN_LATELY if END - moment < timedelta(days=1) else _OPEN_LONG
        if self._random.random() < share:
            return self._random.choice(self._open)
        (chosen,) = self._random.choices(self._ended, cum_weights=self._weights)
        return chosen

    def _tags(self) -> dict[str, str]:
        random = self._random
        if random.random() >= TAGGED:
            return {}
        department = random.choice(DEPARTMENTS)
        return {"department": department, "invoice": str(random.randrange(10**6))}


def _fictitious(random: Random) -> list[str]:
    """Numbers that are set aside for fiction, 555-01xx of every area code, in any order."""
    numbers = [f"+1{area}55501{line:02d}" for area in range(200, 800) for line in range(100)]
    random.shuffle(numbers)
    return numbers[: NUMBERS + _OWN]
