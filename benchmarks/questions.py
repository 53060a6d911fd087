"""What a filled database is asked."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from benchmarks import asking
from benchmarks.asking import Goal, Question, faxes
from benchmarks.copying import END, KEPT, SPAN, Sample
from benchmarks.filling import Filled
from faxhooks.db.buckets import Bucket
from faxhooks.db.faxlists import Sort
from faxhooks.db.statistics import Grouping

MONTH: Final = timedelta(days=30)
YEAR: Final = timedelta(days=365)


def _half_way(sample: Sample, _: Filled) -> bool:
    return 0.45 < sample.place < 0.55


def _is_busy(sample: Sample, filled: Filled) -> bool:
    return sample.recipient in filled.busy


def _is_sent_to(sample: Sample, filled: Filled) -> bool:
    """Our own numbers are busy with what comes in; nobody faxes them from here."""
    return _is_busy(sample, filled) and sample.direction == "outbound"


def _is_tagged(sample: Sample, _: Filled) -> bool:
    return bool(sample.tags)


def _is_kept(sample: Sample, _: Filled) -> bool:
    return sample.keeps_callbacks


def _half_way_of_kept(sample: Sample, _: Filled) -> bool:
    """Of the time for which raw callbacks are there."""
    return 0.25 < (END - sample.created_at) / KEPT < 0.75


def _after_a_month(sample: Sample, _: Filled) -> bool:
    return sample.place > MONTH / SPAN


def _after_a_year(sample: Sample, _: Filled) -> bool:
    return sample.place > YEAR / SPAN


def _month(sample: Sample) -> dict[str, Any]:
    """Thirty days that begin with it."""
    return {"created_after": sample.created_at, "created_before": sample.created_at + MONTH}


def _department(sample: Sample) -> dict[str, Any]:
    return {"tag.department": sample.tags["department"]}


def _invoice(sample: Sample) -> dict[str, Any]:
    return {"tag.invoice": sample.tags["invoice"]}


QUESTIONS: Final[Sequence[Question]] = (
    Question("first page", faxes(lambda _: {})),
    Question("page 10,000", asking.further_faxes(0), fits=_half_way),
    Question("page 10,000 after 1,000 changes", asking.further_faxes(1000), fits=_half_way),
    Question(
        "page 10,000 after 1,000 changes, oldest first",
        asking.further_faxes(1000, Sort.CREATED),
        fits=_half_way,
    ),
    Question("by number", faxes(lambda one: {"to": one.recipient}), fits=_is_busy),
    Question("by number's prefix", faxes(lambda one: {"to": f"{one.recipient[:5]}*"})),
    Question("by provider's id", faxes(lambda one: {"provider_fax_id": one.provider_fax_id})),
    Question("by status and time", faxes(lambda one: {"status": "busy", **_month(one)})),
    Question("by a rare status", faxes(lambda _: {"status": "canceled"})),
    Question("by account", faxes(lambda _: {"account": "plus"})),
    Question("by flag", faxes(lambda _: {"flag": "conflict"})),
    Question("by a frequent tag", faxes(_department), fits=_is_tagged),
    Question("by a rare tag", faxes(_invoice), fits=_is_tagged),
    Question("pending", faxes(lambda _: {"outcome": "pending"})),
    Question(
        "by updated_at", faxes(lambda one: {"sort": "updated_at", "updated_after": one.created_at})
    ),
    Question("a fax", asking.a_fax),
    Question("history of a fax", asking.history),
    Question("changes after a number", asking.changes),
    Question("callbacks", asking.callbacks(lambda _: {})),
    Question("callbacks not understood", asking.callbacks(lambda _: {"verdict": "unrecognized"})),
    Question("callbacks of an account", asking.callbacks(lambda _: {"account": "main"})),
    Question(
        "callbacks of an account, half way",
        asking.further_callbacks(lambda _: {"account": "main"}),
        fits=_half_way_of_kept,
    ),
    Question(
        "callbacks of a fax", asking.callbacks(lambda one: {"fax": one.fax_id}), fits=_is_kept
    ),
    Question("statistics of 30 days", asking.statistics(MONTH), Goal.YEAR, _after_a_month),
    Question("statistics of a year", asking.statistics(YEAR), Goal.YEAR, _after_a_year),
    Question(
        "statistics of a year by day",
        asking.statistics(YEAR, Bucket.DAY),
        Goal.COUNTING,
        _after_a_year,
    ),
    Question(
        "statistics of a year by day and status",
        asking.statistics(YEAR, Bucket.DAY, [Grouping.STATUS]),
        Goal.COUNTING,
        _after_a_year,
    ),
    Question("a number", asking.a_number, Goal.COUNTING, _is_sent_to),
)


def named(part: str) -> Iterator[Question]:
    """The questions with this in their name; all of them for an empty one."""
    return (question for question in QUESTIONS if part in question.name)
