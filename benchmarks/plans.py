"""How the database finds what it is asked for: the statements really sent, explained."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, event

from faxhooks.db.engine import Database

LARGE: Final = frozenset({"faxes", "fax_events", "fax_references", "fax_tags", "callbacks"})
"""Tables that grow with the faxes: to read one from end to end is never right."""
MANY: Final = 1_000
"""So many rows read and left out, or sorted for a page, are worth a word."""

_SCANS: Final = ("Seq Scan", "Parallel Seq Scan")


@dataclass(frozen=True, slots=True)
class Statement:
    """A query as the driver was given it."""

    text: str
    parameters: Any


@contextmanager
def overheard(database: Database) -> Iterator[list[Statement]]:
    """The queries that are sent meanwhile."""
    heard: list[Statement] = []

    def listen(_: Any, __: Any, text: str, parameters: Any, *___: Any) -> None:
        if text.lstrip().upper().startswith(("SELECT", "WITH")):
            heard.append(Statement(text, parameters))

    event.listen(database.engine, "before_cursor_execute", listen)
    try:
        yield heard
    finally:
        event.remove(database.engine, "before_cursor_execute", listen)


def explain(database: Database, statements: Sequence[Statement]) -> str:
    """The tables that each statement reads, and the way to each; what is bad is in capitals."""
    explained = _explain_sqlite if database.is_sqlite else _explain_postgresql
    with database.engine.connect() as connection:
        said = [", ".join(dict.fromkeys(explained(connection, each))) for each in statements]
    return "; ".join(dict.fromkeys(said))


def _explain_sqlite(connection: Connection, statement: Statement) -> Iterator[str]:
    """The lines are described in SQLite's own page on EXPLAIN QUERY PLAN."""
    text = f"EXPLAIN QUERY PLAN {statement.text}"
    for row in connection.exec_driver_sql(text, statement.parameters):
        way, _, rest = str(row[3]).partition(" ")
        table, _, using = rest.partition(" USING ")
        if "TEMP B-TREE" in rest:
            yield "sort" if "ORDER" in rest else "group"
        elif way == "SCAN" and not using and table in LARGE:
            yield f"ALL OF {table}"
        elif using:
            yield f"{table} {_sqlite_index(using)}"


def _sqlite_index(using: str) -> str:
    name, _, condition = using.partition(" (")
    name = name.replace("COVERING ", "").replace("INDEX ", "").replace("INTEGER PRIMARY KEY", "pk")
    return _short(name) if condition else f"{_short(name)} walked"


def _explain_postgresql(connection: Connection, statement: Statement) -> Iterator[str]:
    """With ANALYZE, which also runs it, to see how many rows were read in vain."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    text = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}"
    (found,) = connection.exec_driver_sql(text, statement.parameters).one()
    (plan,) = json.loads(found) if isinstance(found, str) else found
    yield from _nodes(plan["Plan"])


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    kind, loops = node["Node Type"], node.get("Actual Loops", 1)
    if kind in _SCANS:
        table = node["Relation Name"]
        yield f"ALL OF {table}" if table in LARGE else table
    elif "Index Name" in node:
        yield _index(node)
    elif kind == "Sort" and (rows := _read(node)) > MANY:
        yield f"sorts {rows:,.0f}"
    passed = node.get("Rows Removed by Filter", 0) * loops
    if passed > MANY:
        yield f"PASSES OVER {passed:,.0f}"
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _read(node: dict[str, Any]) -> float:
    """Rows that come from below, whatever limit there is above."""
    below: list[dict[str, Any]] = node["Plans"]
    return float(sum(each["Actual Rows"] * each["Actual Loops"] for each in below))


def _index(node: dict[str, Any]) -> str:
    """An index that has no condition is walked for its order."""
    table = node.get("Relation Name", "")
    walked = "" if "Index Cond" in node else " walked"
    return f"{table} {_short(node['Index Name'])}{walked}".strip()


def _short(index: str) -> str:
    return "pk" if index.startswith(("pk_", "sqlite_autoindex")) else index
