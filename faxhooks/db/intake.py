"""What a group of callbacks costs the database: one look, and one write that commits.

A statement costs a message there and back, and half of what one callback took was spent on
nine of them. Here nothing is locked between looking and writing. Instead the write fails as a
whole, with BeginAgainError, when what was seen is no longer so: an id that is claimed by now
violates a unique key, and so does a history that has grown, whose next number is taken; a fax
that was merged away is not saved, and the statement divides by zero. Who begins again sees
what the other has committed. The parts run in the order in which every writer takes its locks:
ids, faxes, the feed, callbacks.

SQLite has one writer, who holds everything from the look to the commit.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy.engine.interfaces import DBAPICursor

from faxhooks.db import callbacks, faxes, feed, history, references
from faxhooks.db.batches import as_json
from faxhooks.db.engine import BeginAgainError
from faxhooks.db.faxes import Home
from faxhooks.db.history import Entry, read_entry
from faxhooks.db.models import EventRow
from faxhooks.db.references import Key
from faxhooks.domain.fax import FaxState

_COLUMNS: Final = tuple(column.name for column in EventRow.__table__.columns)
_LOOK: Final = f"""
SELECT r.account_id, r.reference, {", ".join(f"e.{name}" for name in _COLUMNS)}, r.fax_id
FROM fax_references r LEFT JOIN fax_events e ON e.fax_id = r.fax_id
WHERE NOT r.shared AND r.reference {{among}} ORDER BY r.fax_id, e.seq
"""  # noqa: S608 (all its parts are constants)
_LOOK_POSTGRESQL: Final = _LOOK.format(among="= ANY(%(references)s)")
_LOOK_SQLITE: Final = _LOOK.format(among="IN (SELECT value FROM json_each(:references))")
_TAKE_SQLITE: Final = "UPDATE feed SET last = last + ? WHERE id = 1 RETURNING last - ?"
_AFTER_REFERENCES: Final = " WHERE (SELECT count(*) FROM claimed) >= 0"
_AFTER_FEED: Final = ", numbered"
_WRITE: Final = f"""
WITH claimed AS ({references.CLAIM.part("%(references)s")} RETURNING 1),
saved AS ({faxes.SAVE.part("%(faxes)s", more=_AFTER_REFERENCES)} RETURNING 1),
numbered AS (
    UPDATE feed SET last = last + %(count)s
    WHERE id = 1 AND (SELECT count(*) FROM saved) = %(saved)s
    RETURNING last - %(count)s AS before, pg_notify('{feed.CHANNEL}', '')
),
added AS (
    {history.ADD.part("%(events)s", more=_AFTER_FEED, change="numbered.before + rows.change")}
    RETURNING 1
),
kept AS (
    {callbacks.ADD.part("%(callbacks)s", more=" WHERE (SELECT count(*) FROM added) >= 0")}
    RETURNING 1
)
SELECT 1 / CAST((SELECT count(*) FROM added) = %(count)s AS integer) AS is_whole,
    (SELECT count(*) FROM kept) AS kept
"""  # noqa: S608 (all its parts are constants)
_CHANGED: Final = {"23505", "22012"}
"""Unique violation, division by zero."""


@dataclass(frozen=True, slots=True)
class Known:
    """The faxes that ids identify, and their histories in order of arrival."""

    faxes: dict[Key, UUID]
    histories: dict[UUID, list[Entry]]


@dataclass(frozen=True, slots=True)
class News:
    """What a group of callbacks brought: ids of faxes, those that several may have, the faxes
    as they are now, their new lines of history, and the callbacks' rows.
    """

    callbacks: Sequence[dict[str, Any]]
    references: Mapping[Key, UUID] = field(default_factory=dict)
    shared: Sequence[tuple[Key, UUID]] = ()
    faxes: Mapping[UUID, tuple[Home, FaxState]] = field(default_factory=dict)
    entries: Sequence[Entry] = ()


def look(cursor: DBAPICursor, keys: Collection[Key]) -> Known:
    """What is known of the faxes that these ids identify."""
    known = Known({}, defaultdict(list))
    if not keys:
        return known
    wanted = sorted({reference for _, reference in keys})
    for account_id, reference, *line, fax_id in _look(cursor, wanted):
        if (account_id, reference) not in keys:  # Other accounts may have the same ids.
            continue
        known.faxes[account_id, reference] = fax_id
        seen = known.histories[fax_id]
        event: Any = SimpleNamespace(**dict(zip(_COLUMNS, line, strict=True)))
        if event.seq is not None and (not seen or seen[-1].seq < event.seq):
            event.facts = orjson.loads(event.facts)
            seen.append(read_entry(event))
    return known


def _look(cursor: DBAPICursor, wanted: list[str]) -> Iterable[Sequence[Any]]:
    if _is_sqlite(cursor):
        cursor.execute(_LOOK_SQLITE, {"references": orjson.dumps(wanted)})
        return map(_from_sqlite, cursor.fetchall())
    cursor.execute(_LOOK_POSTGRESQL, {"references": wanted})
    return cursor.fetchall()


def write(cursor: DBAPICursor, news: News) -> None:
    """Keep it. Raises BeginAgainError when somebody was quicker."""
    ids = references.reference_rows(news.references, shared=False)
    for key, fax_id in news.shared:
        ids += references.reference_rows({key: fax_id}, shared=True)
    rows = _Rows(
        ids,
        faxes.fax_rows(news.faxes),
        history.entry_rows(news.entries),
        callbacks.in_order(news.callbacks),
    )
    if _is_sqlite(cursor):
        _write_sqlite(cursor, rows)
        return
    try:
        _write_postgresql(cursor, rows)
    except Exception as error:
        if getattr(error, "sqlstate", None) in _CHANGED:
            raise BeginAgainError("the faxes have changed meanwhile") from error
        raise


class _Rows(NamedTuple):
    references: list[dict[str, Any]]
    faxes: list[dict[str, Any]]
    events: list[dict[str, Any]]
    callbacks: list[dict[str, Any]]


def _write_postgresql(cursor: DBAPICursor, rows: _Rows) -> None:
    if not rows.events:
        cursor.execute(callbacks.ADD.for_postgresql, {"rows": as_json(rows.callbacks)})
        return
    for number, event in enumerate(rows.events, start=1):
        event["change"] = number
    texts = {name: as_json(of_table) for name, of_table in rows._asdict().items()}
    counts = {"count": len(rows.events), "saved": len(rows.faxes)}
    cursor.execute(_WRITE, texts | counts)


def _write_sqlite(cursor: DBAPICursor, rows: _Rows) -> None:
    if rows.events:
        count = len(rows.events)
        cursor.execute(_TAKE_SQLITE, (count, count))
        ((before,),) = cursor.fetchall()
        for number, event in enumerate(rows.events, start=1):
            event["change"] = before + number
    parts = (references.CLAIM, faxes.SAVE, history.ADD, callbacks.ADD)
    for insert, of_table in zip(parts, rows, strict=True):
        if of_table:
            cursor.executemany(insert.for_sqlite, insert.cells(of_table))


_TIMES: Final = {"occurred_at", "received_at"}
_IDS: Final = {"account_id", "fax_id", "callback_id"}


def _from_sqlite(row: Sequence[Any]) -> list[Any]:
    """Ids and times as they are here; SQLite has text for both."""
    names = ("account_id", "reference", *_COLUMNS, "fax_id")
    return [_read(name, value) for name, value in zip(names, row, strict=True)]


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _IDS:
        return UUID(hex=value)
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if name in _TIMES else value


def _is_sqlite(cursor: DBAPICursor) -> bool:
    """Whose cursor this is."""
    return isinstance(cursor, sqlite3.Cursor)
