"""The sums that questions about many faxes are answered from, and how they are kept.

What was noted in `fax_deltas` is added to every span that it falls into, and is gone from there
in the same commit; so at any moment sums and notes together are the truth, and who reads both
in one statement need not care how far this came.

Nothing here leaves the planner a choice: these tables fill and empty faster than it looks.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, text
from sqlalchemy.orm import Session

from faxhooks.db.batches import Insert
from faxhooks.db.buckets import Bucket, bucket_start
from faxhooks.db.rollupmodels import COUNTED, KIND, CountRow, DeltaRow, KindRow, TimeRow

MOST: Final = 2_000
"""Notes that are added up in one transaction: SQLite's one writer is not held for long."""

_LOCK: Final = 5_118_902_347
"""An arbitrary number that names our lock among all advisory locks of the database."""

_COUNTS: Final = Insert(
    CountRow,
    "(span, begin, kind) DO UPDATE SET faxes = fax_counts.faxes + excluded.faxes, "
    "pages = fax_counts.pages + excluded.pages",
)
_TIMES: Final = Insert(
    TimeRow,
    "(span, begin, kind, tenths) DO UPDATE SET faxes = fax_times.faxes + excluded.faxes",
)


def add_up(session: Session, most: int = MOST) -> int:
    """Move the oldest notes into the sums; how many that were, 0 where another is at it."""
    if not _is_alone(session):
        return 0
    noted = _take(session, most)
    kinds = _kinds(session, noted)
    counts: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    times: dict[Any, int] = defaultdict(int)
    for delta in noted:
        for span in Bucket:
            place = (span, bucket_start(delta.hour, span), kinds[_words(delta)])
            counts[place][0] += delta.faxes
            counts[place][1] += delta.pages
            if delta.tenths is not None:
                times[*place, delta.tenths] += delta.faxes
    rows = [(*place, *sums) for place, sums in counts.items() if any(sums)]
    _add(session, CountRow, _COUNTS, rows)
    _add(session, TimeRow, _TIMES, [(*place, sum_) for place, sum_ in times.items() if sum_])
    return len(noted)


def start_over(session: Session) -> bool:
    """Forget all sums and note anew what there is; False where another is adding up.

    It may take as long as the transaction may. What is committed meanwhile is noted by itself.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        session.execute(text("SET LOCAL statement_timeout = 0"))
    if not _is_alone(session):
        return False
    for row in (CountRow, TimeRow, DeltaRow):
        session.execute(delete(row))
    names = ("hour", *KIND, "tenths")
    columns = [COUNTED.c[name] for name in names]
    counted = select(*columns, func.count(), func.sum(COUNTED.c.pages)).group_by(*columns)
    # In order of time, so that most of what is added up at once falls into the same spans.
    ordered = counted.order_by(COUNTED.c.hour)
    session.execute(insert(DeltaRow).from_select([*names, "faxes", "pages"], ordered))
    return True


def _is_alone(session: Session) -> bool:
    """Whether nobody else adds up until this transaction ends; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))))


def _take(session: Session, most: int) -> Sequence[Any]:
    oldest = select(DeltaRow.id).order_by(DeltaRow.id).limit(most)
    taken = delete(DeltaRow).where(DeltaRow.id.in_(oldest.scalar_subquery()))
    table: Any = DeltaRow.__table__
    return session.execute(taken.returning(*table.c)).all()


def _kinds(session: Session, noted: Collection[Any]) -> Mapping[Any, int]:
    """The numbers of all kinds of these accounts, with those that there were no faxes of yet."""
    wanted = {_words(delta): delta for delta in noted}
    accounts = {delta.account_id for delta in noted}
    known = list(session.scalars(select(KindRow).where(KindRow.account_id.in_(accounts))))
    for words in wanted.keys() - {_words(kind) for kind in known}:
        known.append(KindRow(**dict(zip(KIND, words, strict=True))))
    session.add_all(known)
    session.flush()
    return {_words(kind): kind.id for kind in known}


def _words(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in KIND)


def _add(
    session: Session, sums: type[CountRow | TimeRow], add: Insert, rows: Collection[Any]
) -> None:
    """Add these to the sums; what comes to nothing goes."""
    table: Any = sums.__table__
    names = [column.name for column in table.c]
    added = [dict(zip(names, row, strict=True)) for row in sorted(rows)]
    add.run(session, added)
    less = [row for row in added if row["faxes"] < 0]
    if less:
        key = [column.name for column in table.primary_key]
        here = [table.c[name] == bindparam(f"its_{name}") for name in key]
        gone = delete(table).where(table.c.faxes == 0, *here)
        keys = [{f"its_{name}": row[name] for name in key} for row in less]
        session.connection().execute(gone, keys)
