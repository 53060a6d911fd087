"""Lists of faxes: filtered, in a fixed order, page after page or in one stream."""

from collections import namedtuple
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from faxhooks.db import faxwalks, feed
from faxhooks.db.faxfilters import FaxFilter, between, conditions
from faxhooks.db.faxwalks import Bookmark, Sort
from faxhooks.db.models import AccountRow, FaxRow, TagRow
from faxhooks.db.references import OF_FAX, list_references

__all__ = [
    "Bookmark",
    "Fax",
    "FaxFilter",
    "Sort",
    "describe_fax",
    "list_page",
    "stream_faxes",
]

CHUNK: Final = 100
"""Faxes of a stream that are in memory at once; more of them take longer each, since the
garbage collector then meets them before they are written.
"""

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_UNSHOWN: Final = {
    "sender_raw",
    "recipient_raw",
    "seconds_to_final",
    "next_poll_at",
    "expected_at",
    "merged_into",
}
_SHOWN: Final = [column for column in FaxRow.__table__.c if column.name not in _UNSHOWN]
_ACCOUNTS: Final = AccountRow.__table__
_WHOLE: Final = select(
    *_SHOWN, _ACCOUNTS.c.label.label("account_label"), OF_FAX.label("references")
).join(_ACCOUNTS, _ACCOUNTS.c.id == FaxRow.account_id)
_Values: Any = namedtuple("_Values", [column.name for column in _SHOWN])  # type: ignore[misc]
"""A row whose attributes cost a tenth of SQLAlchemy's, of which every fax takes thirty."""


class Fax(NamedTuple):
    """A fax with what a reader wants beside it; `row` has the columns of FaxRow as attributes."""

    row: Any
    account_label: str
    references: list[str]


def list_page(
    session: Session,
    wanted: FaxFilter,
    *,
    limit: int,
    sort: Sort = Sort.NEWEST,
    after: Bookmark | None = None,
) -> tuple[list[Fax], Bookmark | None]:
    """A page of faxes, and where the next one begins, None on the last one.

    Every fax that is visible all the time is listed exactly once (by `updated_at` at least
    once), however many come and change during the walk; see `faxwalks`. Raises
    InvalidInputError for a bookmark that is too old for that.
    """
    faxes = _select(session, wanted)
    page = _fetch(_walk(session, wanted, sort, after).limit(limit + 1))
    page = page.add_columns(faxwalks.last_change.label("seen"))
    rows = session.execute(faxwalks.ordered(page, sort)).all()
    seen = rows[0].seen if rows else feed.last_number(session)
    if after is None:
        after = Bookmark(_NEVER, UUID(int=0), seen)  # Nothing has changed since the beginning.
    faxwalks.check_age(after, seen)
    step = _Step(session, sort, limit, after, seen)
    if seen == after.seen:
        return step.onwards(rows, after.moved)
    if sort is not Sort.NEWEST:
        return step.back_and_onwards(rows, faxes)
    moved = faxwalks.list_moved(session, faxes, after, seen)
    if any(row.id in moved for row in rows):
        again = replace(after, moved=moved)
        return list_page(session, wanted, limit=limit, sort=sort, after=again)
    return step.onwards(rows, moved)


@dataclass(frozen=True, slots=True)
class _Step:
    """From the page before to this one; `rows` are those ahead, one more than fit at most."""

    session: Session
    sort: Sort
    limit: int
    after: Bookmark
    seen: int

    def onwards(
        self, rows: Sequence[Any], moved: frozenset[UUID]
    ) -> tuple[list[Fax], Bookmark | None]:
        """The rows ahead; those that were listed and have moved there since are not in them."""
        bookmark = self._behind(rows, self.limit)
        if bookmark is not None and moved:
            left = faxwalks.list_ahead(self.session, moved, bookmark)
            bookmark = replace(bookmark, moved=left)
        return _page(rows[: self.limit]), bookmark

    def back_and_onwards(
        self, rows: Sequence[Any], faxes: Select[Any]
    ) -> tuple[list[Fax], Bookmark | None]:
        """First who came to lie behind; when they fill the page, the walk stays where it is."""
        late = self._latecomers(faxes)
        if len(late) > self.limit:
            bookmark = replace(self.after, seen=late[self.limit - 1].crossed)
            return _page(self._sorted(late[: self.limit])), bookmark
        room = self.limit - len(late)
        page = _page([*self._sorted(late), *rows[:room]])
        return page, self._behind(rows, room)

    def _latecomers(self, faxes: Select[Any]) -> Sequence[Any]:
        ids = faxwalks.latecomers(faxes, self.sort, self.after, self.seen)
        late = _fetch(ids.limit(self.limit + 1), "crossed")
        return self.session.execute(late.order_by("crossed")).all()

    def _behind(self, rows: Sequence[Any], room: int) -> Bookmark | None:
        """Where the next page begins, if there is more than there was room for."""
        if len(rows) <= room:
            return None
        if not room:
            return replace(self.after, seen=self.seen)
        last = rows[room - 1]
        return Bookmark(getattr(last, self.sort.name_of_key), last.id, self.seen)

    def _sorted(self, rows: Sequence[Any]) -> list[Any]:
        name = self.sort.name_of_key
        return sorted(
            rows, key=lambda row: (getattr(row, name), row.id), reverse=self.sort.descends
        )


def stream_faxes(
    session: Session, wanted: FaxFilter, sort: Sort = Sort.NEWEST
) -> Iterator[list[Fax]]:
    """All faxes of a list in chunks; of one moment, if the caller's transaction is."""
    statement = faxwalks.ordered(_WHOLE.where(*_listed(session, wanted)), sort)
    # On the connection, since a session looks at every row for objects it may know.
    result = session.connection().execute(statement, execution_options={"yield_per": CHUNK})
    for rows in result.partitions():
        yield _page(rows)


def describe_fax(session: Session, row: FaxRow) -> Fax:
    """A fax as a reader wants it."""
    label = session.get_one(AccountRow, row.account_id).label
    return Fax(row, label, list_references(session, [row.id])[row.id])


def _select(session: Session, wanted: FaxFilter) -> Select[Any]:
    """The ids of the faxes that are asked for."""
    return select(FaxRow.id).where(*_listed(session, wanted))


def _walk(session: Session, wanted: FaxFilter, sort: Sort, after: Bookmark | None) -> Select[Any]:
    """The same that lie ahead, in order: by the tag that is asked for, if there is one, whose
    index has them in it; a fax has few tags, and a tag may have any number of faxes.
    """
    faxes, columns = _select(session, wanted), faxwalks.FAXES
    if (tag := _leading_tag(wanted)) and sort.name_of_key == "created_at":
        columns = faxwalks.TAGS
        others = {name: values for name, values in wanted.tags.items() if name != tag[0]}
        faxes = _select(session, replace(wanted, tags=others))
        faxes = faxes.join(TagRow, TagRow.fax_id == FaxRow.id).where(
            TagRow.name == tag[0],
            TagRow.value == tag[1],
            *between(TagRow.created_at, wanted.created_after, wanted.created_before),
        )
    if after is not None:
        faxes = faxes.where(*faxwalks.ahead(sort, after, columns))
    return faxwalks.ordered(faxes, sort, columns)


def _leading_tag(wanted: FaxFilter) -> tuple[str, str] | None:
    """One that has a single value: its faxes are one stretch of the index."""
    single = ((name, *values) for name, values in wanted.tags.items() if len(values) == 1)
    return next(single, None)  # type: ignore[return-value]


def _listed(session: Session, wanted: FaxFilter) -> tuple[ColumnElement[bool], ...]:
    return FaxRow.merged_into.is_(None), *conditions(session, wanted)


def _fetch(ids: Select[Any], *beside: str) -> Select[Any]:
    """These faxes as they are shown, with the columns that the ids came with.

    The ids come first and from an index alone, as far as it goes: a fax is wide, and of the
    thousand that a filter may pass over, only the page's fifty rows are worth fetching.
    """
    chosen = ids.subquery("chosen")
    return _WHOLE.add_columns(*(chosen.c[name] for name in beside)).join(
        chosen, chosen.c.id == FaxRow.id
    )


def _page(rows: Sequence[Any]) -> list[Fax]:
    width = len(_SHOWN)
    return [Fax(_Values._make(row[:width]), row[width], row[width + 1]) for row in rows]
