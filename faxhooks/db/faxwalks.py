"""Walking through a list while it grows: nothing passed over, nothing met twice.

A page goes on behind the key of the last fax. That alone would miss faxes: `created_at` is
the time of arrival, taken before the commit, so a fax may become visible behind a reader who
is past its time already, and an event may move a fax over the reader's position, `created_at`
only ever down and `updated_at` only ever up.

No clock and no waiting can rule that out (a replayed callback brings a fax of last week), but
the feed can: its numbers are visible only after all before them. So a bookmark also holds
the number of the last change that was visible to its page, and from the events behind that
number, and their times, the next page knows exactly who has crossed the position since:

- `created_at`: who came to lie behind is listed at the head of the next page.
- `-created_at`: who moved from behind to ahead was listed already, and is left out. What
  arrives with a newer time than the position is not part of the walk.
- `updated_at`: whatever changed since and lies behind is listed again, so that the last
  word about each fax comes last; a fax may come more than once.
- `-updated_at`: a known fax that jumped from ahead to behind is listed at the head of the
  next page.

Two faxes that turn out to be one during the walk may be met under either id.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from faxhooks.db.models import EventRow, FaxRow, FeedRow, TagRow
from faxhooks.domain.errors import InvalidInputError

MOST_CHANGES: Final = 500_000
"""Changes between two pages that are looked through, which takes half a second at most."""
MOST_MOVED: Final = 40
"""Faxes a bookmark can name; those that move over one position in a walk are very few."""

_EARLIER = aliased(EventRow)
_STALE = "too much has changed since this page; begin anew without the cursor"


class Sort(StrEnum):
    """The orders of a list."""

    CREATED = "created_at"
    NEWEST = "-created_at"
    UPDATED = "updated_at"
    LATEST = "-updated_at"

    @property
    def descends(self) -> bool:
        """Whether the greatest comes first."""
        return self.startswith("-")

    @property
    def name_of_key(self) -> str:
        """The field that is sorted by."""
        return self.removeprefix("-")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a walk stands: behind the fax of this time and id.

    `seen` is the last change that was visible to the page, `moved` are faxes that lie ahead
    though they were listed.
    """

    moment: datetime
    fax_id: UUID
    seen: int
    moved: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the order of a list is read: from the faxes, or from their tags."""

    created_at: InstrumentedAttribute[datetime]
    updated_at: InstrumentedAttribute[datetime] | None
    fax_id: InstrumentedAttribute[UUID]

    def key(self, sort: Sort) -> Any:
        """The column that is sorted by; equal ones are sorted by `fax_id`."""
        return getattr(self, sort.name_of_key)


FAXES: Final = Columns(FaxRow.created_at, FaxRow.updated_at, FaxRow.id)
TAGS: Final = Columns(TagRow.created_at, None, TagRow.fax_id)


last_change = select(FeedRow.last).where(FeedRow.id == 1).scalar_subquery()
"""Selected beside the rows, so that both are of the same moment."""


def ordered(statement: Select[Any], sort: Sort, columns: Columns = FAXES) -> Select[Any]:
    """The list in its order."""
    key, id_ = columns.key(sort), columns.fax_id
    return statement.order_by(*((key.desc(), id_.desc()) if sort.descends else (key, id_)))


def ahead(sort: Sort, after: Bookmark, columns: Columns = FAXES) -> list[ColumnElement[bool]]:
    """Faxes that the walk has still to come to."""
    side = _ahead(columns.key(sort), columns.fax_id, sort, after)
    return [side, FaxRow.id.not_in(after.moved)] if after.moved else [side]


def check_age(after: Bookmark, seen: int) -> None:
    """Raises InvalidInputError when more has changed than may be looked through."""
    if seen - after.seen > MOST_CHANGES:
        raise InvalidInputError("cursor", _STALE)


def latecomers(statement: Select[Any], sort: Sort, after: Bookmark, seen: int) -> Select[Any]:
    """Of these faxes those that the walk has to turn back for, in the order of the changes,
    with the number of the change as `crossed`.
    """
    if sort is Sort.UPDATED:
        crossed = _changed(after, seen)
        wanted = _behind(FAXES.key(sort), FaxRow.id, sort, after)
    else:
        side = _behind(EventRow.received_at, EventRow.fax_id, sort, after)
        crossed = _changed(after, seen, side)
        wanted = ~_was(after, _behind(_EARLIER.received_at, _EARLIER.fax_id, sort, after))
    if sort is Sort.LATEST:
        wanted &= _was(after)
    return (
        statement.add_columns(crossed.c.crossed)
        .join(crossed, crossed.c.fax_id == FaxRow.id)
        .where(wanted)
        .order_by(crossed.c.crossed)
    )


def list_moved(
    session: Session, statement: Select[Any], after: Bookmark, seen: int
) -> frozenset[UUID]:
    """All of these faxes that `-created_at` has listed and would meet again further down.

    Raises InvalidInputError when there are too many for a bookmark.
    """
    side = _ahead(EventRow.received_at, EventRow.fax_id, Sort.NEWEST, after)
    crossed = _changed(after, seen, side)
    was_ahead = _was(after, _ahead(_EARLIER.received_at, _EARLIER.fax_id, Sort.NEWEST, after))
    crossing = (
        statement.join(crossed, crossed.c.fax_id == FaxRow.id)
        .where(_was(after), ~was_ahead)
        .limit(MOST_MOVED + 1)
    )
    moved = after.moved.union(session.scalars(crossing))
    if len(moved) > MOST_MOVED:
        raise InvalidInputError("cursor", _STALE)
    return moved


def list_ahead(session: Session, moved: Collection[UUID], after: Bookmark) -> frozenset[UUID]:
    """Those of them that `-created_at` has still to pass."""
    statement = select(FaxRow.id).where(FaxRow.id.in_(moved), *ahead(Sort.NEWEST, after))
    return frozenset(session.scalars(statement))


def _changed(after: Bookmark, seen: int, *side: ColumnElement[bool]) -> Any:
    """Faxes with an event behind the bookmark's number, which lies on this side, if any."""
    return (
        select(EventRow.fax_id, func.min(EventRow.change).label("crossed"))
        .where(EventRow.change > after.seen, EventRow.change <= seen, *side)
        .group_by(EventRow.fax_id)
        .subquery()
    )


def _was(after: Bookmark, *side: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the fax was there, or on this side of it, when the bookmark's page was read."""
    return exists().where(_EARLIER.fax_id == FaxRow.id, _EARLIER.change <= after.seen, *side)


def _ahead(moment: Any, fax_id: Any, sort: Sort, after: Bookmark) -> Any:
    key, position = tuple_(moment, fax_id), _position(after)
    return key < position if sort.descends else key > position


def _behind(moment: Any, fax_id: Any, sort: Sort, after: Bookmark) -> Any:
    """With the position itself, which was listed."""
    key, position = tuple_(moment, fax_id), _position(after)
    return key >= position if sort.descends else key <= position


def _position(after: Bookmark) -> Any:
    """The key as typed parameters, since a bare tuple would be sent without its types."""
    return tuple_(
        literal(after.moment, FaxRow.created_at.type), literal(after.fax_id, FaxRow.id.type)
    )
