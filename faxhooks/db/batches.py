"""Statements that take many rows or many keys at once, always in the same words.

A group of callbacks is written with one statement for each table, however many rows that
are. PostgreSQL is given them as one JSON text: row by row, each cost a message and a
statement of its own, which was half of what a callback took. SQLite runs in this process,
where a statement for each row is as quick. The words are made once and never change, so that
both keep their plans; SQLAlchemy would compile a list's length, or an `ON CONFLICT`, anew at
every call: for a group of 16 callbacks that took 8 ms of 12.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Dialect, Result, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from faxhooks.db.models import Row
from faxhooks.db.types import Words

_POSTGRESQL: Final[Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call]
_SQLITE: Final[Dialect] = sqlite.dialect()


class Insert:
    """An insert of many rows into a table, of all its columns.

    `on_conflict` is what follows these words in SQL; none of it may come from outside.
    """

    def __init__(self, row: type[Row], on_conflict: str | None = None) -> None:
        self._table = row.__tablename__
        self._columns: Mapping[str, TypeEngine[Any]] = {
            column.name: column.type for column in row.__table__.columns
        }
        self._names = ", ".join(f'"{name}"' for name in self._columns)
        self._end = f" ON CONFLICT {on_conflict}" if on_conflict else ""

    def run(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
        """How many rows were inserted, or updated where that was said; in their order."""
        if not rows:
            return 0
        connection = session.connection()
        if is_sqlite(session):
            result = connection.exec_driver_sql(self.for_sqlite, self.cells(rows))
        else:
            given = {"rows": as_json(rows).decode()}
            result = connection.exec_driver_sql(self.for_postgresql, given)
        return int(result.rowcount)

    def cells(self, rows: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """The rows as SQLite's driver takes them."""
        return [tuple([_bound(row[name]) for name in self._columns]) for row in rows]

    def part(self, rows: str, *, more: str = "", **columns: str) -> str:
        """The same as a part of a larger statement of PostgreSQL, which takes its rows as JSON
        from the parameter `rows`. `columns` are worked out by these words instead, and `more`
        follows the rows' source.
        """
        typed = ", ".join(
            f'"{name}" {type_.compile(_POSTGRESQL)}' for name, type_ in self._columns.items()
        )
        chosen = ", ".join(columns.get(name, f'rows."{name}"') for name in self._columns)
        source = f"json_to_recordset(CAST({rows} AS json)) AS rows ({typed})"
        head = f"INSERT INTO {self._table} ({self._names}) SELECT {chosen}"
        return f"{head} FROM {source}{more}{self._end}"

    @cached_property
    def for_sqlite(self) -> str:
        """The statement for SQLite's driver, to be executed with `cells`."""
        places = ", ".join("?" for _ in self._columns)
        return f"INSERT INTO {self._table} ({self._names}) VALUES ({places}){self._end}"  # noqa: S608

    @cached_property
    def for_postgresql(self) -> str:
        """The statement for PostgreSQL's driver, which takes all rows as JSON."""
        return self.part("%(rows)s")


def as_json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as JSON whose values PostgreSQL reads as the columns' types.

    Of a column of JSON as text the object itself stands here, which is read as its text.
    """
    return orjson.dumps(rows, _plain, orjson.OPT_SORT_KEYS)


def _plain(value: Any) -> str:
    """What JSON has no form of, as the column's type would bind it."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, frozenset):
        return Words().process_bind_param(value, _POSTGRESQL)
    raise TypeError(f"no column of a batch holds a {type(value).__name__}")


def _bound(value: Any) -> Any:
    """The same for SQLite, as SQLAlchemy's types would bind it there."""
    bind = _BOUND.get(type(value))
    return bind(value) if bind else value


_BOUND: Final[Mapping[type, Callable[[Any], str]]] = {
    UUID: attrgetter("hex"),
    datetime: lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
    dict: lambda value: orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode(),
    frozenset: lambda words: Words().process_bind_param(words, _SQLITE),
}


class Select:
    """A query for the rows of which one column has any of the values that it is given.

    `where` and `order_by` are SQL and constant; `locks` holds the rows, where rows are what is
    locked, until the end of the transaction. The columns come back as their types say.
    """

    def __init__(
        self,
        columns: Iterable[Any],
        among: Any,
        *,
        where: str = "",
        order_by: str = "",
        locks: bool = False,
    ) -> None:
        self._columns = list(columns)
        self._among = among
        self._where = f" AND {where}" if where else ""
        self._order_by = f" ORDER BY {order_by}" if order_by else ""
        self._locks = " FOR UPDATE" if locks else ""

    def run(self, session: Session, values: Collection[Any]) -> Result[Any]:
        """The rows."""
        if is_sqlite(session):
            return session.execute(self._for_sqlite, {"values": self._written(values)})
        return session.execute(self._for_postgresql, {"values": list(values)})

    @cached_property
    def _for_sqlite(self) -> Any:
        """The one writer holds everything anyway, and has no words for it."""
        return self._statement("IN (SELECT value FROM json_each(:values))", "")

    @cached_property
    def _for_postgresql(self) -> Any:
        return self._statement("= ANY(:values)", self._locks)

    def _statement(self, condition: str, end: str) -> Any:
        names = ", ".join(f'"{column.name}"' for column in self._columns)
        among = self._among
        head = f'SELECT {names} FROM {among.table.name} WHERE "{among.name}" {condition}'  # noqa: S608
        return text(head + self._where + self._order_by + end).columns(*self._columns)

    def _written(self, values: Collection[Any]) -> str:
        convert = self._among.type.dialect_impl(_SQLITE).bind_processor(_SQLITE)
        return orjson.dumps([convert(each) if convert else each for each in values]).decode()


def is_sqlite(session: Session) -> bool:
    """Whether this is the embedded database."""
    return session.get_bind().dialect.name == "sqlite"
