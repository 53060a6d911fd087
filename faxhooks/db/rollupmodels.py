"""The tables of counting: differences as they come, and their sums by spans of time.

Triggers of `faxes` write the differences, so that they are committed with what they are about;
the revision that made them says what a fax counts as. All that was noted and all sums come to
the number of faxes there are, at any moment.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Integer, UniqueConstraint, column, table
from sqlalchemy.orm import Mapped, mapped_column

from faxhooks.db.models import Row
from faxhooks.db.types import UtcDateTime

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


class Kind:
    """What faxes are counted apart by; a word is empty where a fax has none."""

    account_id: Mapped[UUID]
    provider: Mapped[str]
    direction: Mapped[str]
    status: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str]
    destination: Mapped[str]


KIND = tuple(Kind.__annotations__)


class DeltaRow(Kind, Row):
    """Faxes that are more, or less, of a kind and an hour since the last adding up.

    `tenths` is the time to their end in tenths of a second, rounded; None where it is not known.
    """

    __tablename__ = "fax_deltas"

    id: Mapped[int] = mapped_column(_NUMBER, Identity(), primary_key=True)
    hour: Mapped[datetime]
    tenths: Mapped[int | None] = mapped_column(BigInteger)
    faxes: Mapped[int] = mapped_column(Integer)
    pages: Mapped[int] = mapped_column(BigInteger)


class KindRow(Kind, Row):
    """A kind there are faxes of, or were; its number stands for it in the sums."""

    __tablename__ = "fax_kinds"

    id: Mapped[int] = mapped_column(_NUMBER, Identity(), primary_key=True)

    __table_args__ = (UniqueConstraint(*KIND, name="uq_fax_kinds"),)


class CountRow(Row):
    """How many faxes of a kind a span of time has; `span` is a Bucket."""

    __tablename__ = "fax_counts"

    span: Mapped[str] = mapped_column(primary_key=True)
    begin: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    faxes: Mapped[int] = mapped_column(Integer)
    pages: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = ({"sqlite_with_rowid": False},)


class TimeRow(Row):
    """How many of them took so long; a table of its own, since most questions do not ask."""

    __tablename__ = "fax_times"

    span: Mapped[str] = mapped_column(primary_key=True)
    begin: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tenths: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    faxes: Mapped[int] = mapped_column(Integer)

    __table_args__ = ({"sqlite_with_rowid": False},)


COUNTED: Any = table(
    "counted_faxes",
    column("created_at", UtcDateTime),
    column("hour", UtcDateTime),
    *(column(name, KindRow.__table__.c[name].type) for name in KIND),
    column("tenths", BigInteger),
    column("pages", BigInteger),
)
"""Each fax as what it counts as: a view, made of the same text as the triggers."""
