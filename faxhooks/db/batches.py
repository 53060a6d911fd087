"""Statements that take many rows or many keys at once, always in the same words.

A group of callbacks is written with one statement for each table, however many rows that
are. PostgreSQL is given them as one JSON text: row by row, each cost a message and a
statement of its own, which was half of what a callback took. SQLite runs in this process,
where a statement for each row is as quick. The words are made once and never change, so that
both keep their plans; SQLAlchemy would compile a list's length, or an `ON CONFLICT`, anew at
every call: for a group of 16 callbacks that took 8 ms of 12.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import orjson
from sqlalchemy import Dialect, LargeBinary, Result, TextClause, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from faxhooks.db.models import Row

_POSTGRESQL: Final[Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call]
_SQLITE: Final[Dialect] = sqlite.dialect()

_Converter = Callable[[Any], Any]


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
        result: Any
        if _is_sqlite(session):
            result = session.execute(self._for_sqlite, rows)
        else:
            result = session.execute(self._for_postgresql, {"rows": self._written(rows)})
        return int(result.rowcount)

    @cached_property
    def _for_sqlite(self) -> TextClause:
        values = ", ".join(f":{name}" for name in self._columns)
        statement = f"INSERT INTO {self._table} ({self._names}) VALUES ({values})"  # noqa: S608
        return text(statement + self._end).bindparams(
            *(bindparam(name, type_=type_) for name, type_ in self._columns.items())
        )

    @cached_property
    def _for_postgresql(self) -> TextClause:
        typed = ", ".join(
            f'"{name}" {type_.compile(_POSTGRESQL)}' for name, type_ in self._columns.items()
        )
        rows = f"json_to_recordset(CAST(:rows AS json)) AS rows ({typed})"
        head = f"INSERT INTO {self._table} ({self._names}) SELECT {self._names}"
        return text(f"{head} FROM {rows}{self._end}")

    def _written(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """The rows as JSON whose values PostgreSQL reads as the columns' types."""
        converters = self._converters
        plain = [
            {name: convert(row[name]) if convert else row[name] for name, convert in converters}
            for row in rows
        ]
        return orjson.dumps(plain).decode()

    @cached_property
    def _converters(self) -> list[tuple[str, _Converter | None]]:
        return [(name, _converter(type_)) for name, type_ in self._columns.items()]


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
        if _is_sqlite(session):
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


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _converter(type_: TypeEngine[Any]) -> _Converter | None:
    """What makes JSON of a value that is none; None where nothing has to be done."""
    if isinstance(type_, TypeDecorator):
        return lambda value: type_.process_bind_param(value, _POSTGRESQL)
    if isinstance(type_, LargeBinary):
        return lambda value: None if value is None else f"\\x{value.hex()}"
    return None
