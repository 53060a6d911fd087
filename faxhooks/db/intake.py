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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from faxhooks.db import callbacks, faxes, feed, history, references
from faxhooks.db.batches import as_json
from faxhooks.db.engine import BeginAgainError
from faxhooks.db.faxes import Home
from faxhooks.db.history import Entry, entry_of
from faxhooks.db.models import EventRow
from faxhooks.db.prepared import Prepared
from faxhooks.db.references import Key
from faxhooks.db.steps import Ask, Rows, Steps
from faxhooks.domain.fax import FaxState

_COLUMNS: Final = tuple(column.name for column in EventRow.__table__.columns)
_LOOK: Final = """
WITH found AS (
    SELECT account_id, reference, fax_id FROM fax_references
    JOIN (SELECT {account} AS account, {reference} AS id FROM {each}) AS asked
        ON account_id = account AND reference = id
    WHERE NOT shared
)
SELECT (SELECT {list}({row}(account_id, reference, fax_id)) FROM found),
    (SELECT {list}({row}({columns})) FROM fax_events e WHERE fax_id IN (SELECT fax_id FROM found))
"""
_LOOK_POSTGRESQL: Final = Prepared(
    _LOOK.format(
        account="CAST(value ->> 0 AS uuid)",
        reference='(value ->> 1) COLLATE "C"',
        each="json_array_elements(CAST($1 AS json))",
        list="json_agg",
        row="json_build_array",
        columns=", ".join(f"e.{name}" for name in _COLUMNS),
    )
)
_LOOK_SQLITE: Final = _LOOK.format(
    account="json_extract(value, '$[0]')",
    reference="json_extract(value, '$[1]')",
    each="json_each(?)",
    list="json_group_array",
    row="json_array",
    # JSON has no form of bytes; PostgreSQL writes them like this by itself.
    columns=", ".join(f"'\\x' || hex(e.{n})" if n == "digest" else f"e.{n}" for n in _COLUMNS),
)
_TAKE_SQLITE: Final = "UPDATE feed SET last = last + ? WHERE id = 1 RETURNING last - ?"
_AFTER_REFERENCES: Final = " WHERE (SELECT count(*) FROM claimed) >= 0"
_AFTER_FEED: Final = ", numbered"
_WRITE: Final = Prepared(
    f"""
WITH claimed AS ({references.CLAIM.part("$1")} RETURNING 1),
saved AS ({faxes.SAVE.part("$2", more=_AFTER_REFERENCES)} RETURNING 1),
numbered AS (
    UPDATE feed SET last = last + CAST($5 AS bigint)
    WHERE id = 1 AND (SELECT count(*) FROM saved) = CAST($6 AS bigint)
    RETURNING last - CAST($5 AS bigint) AS before, pg_notify('{feed.CHANNEL}', '')
),
added AS (
    {history.ADD.part("$3", more=_AFTER_FEED, change="numbered.before + rows.change")}
    RETURNING 1
),
kept AS (
    {callbacks.ADD.part("$4", more=" WHERE (SELECT count(*) FROM added) >= 0")}
    RETURNING 1
)
SELECT 1 / CAST((SELECT count(*) FROM added) = CAST($5 AS bigint) AS integer) AS is_whole,
    (SELECT count(*) FROM kept) AS kept
"""  # noqa: S608 (all its parts are constants)
)
_WRITE_CALLBACKS: Final = Prepared(callbacks.ADD.part("$1"))
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


def look(keys: Collection[Key]) -> Steps[Known]:
    """What is known of the faxes that these ids identify."""
    known = Known({}, defaultdict(list))
    if not keys:
        return known
    ids = _Ids()
    asked = orjson.dumps([(account_id.hex, reference) for account_id, reference in keys])
    ((found, lines),) = yield Ask(
        lambda: (_LOOK_POSTGRESQL, [asked]),
        lambda connection: connection.execute(_LOOK_SQLITE, (asked.decode(),)).fetchall(),
    )
    for account_id, reference, fax_id in orjson.loads(found or b"[]"):
        known.faxes[ids[account_id], reference] = ids[fax_id]
    for line in orjson.loads(lines or b"[]"):
        entry = _read(line, ids)
        known.histories[entry.fax_id].append(entry)
    for seen in known.histories.values():
        seen.sort(key=attrgetter("seq"))
    return known


class _Ids(dict[str, UUID]):
    """Each id is read once, however often it is written."""

    def __missing__(self, written: str) -> UUID:
        self[written] = UUID(written)
        return self[written]


def _read(line: list[Any], ids: _Ids) -> Entry:
    """JSON has texts for ids, times and bytes."""
    fax_id, seq, digest, callback_id, *words, occurred_at, received_at, facts, change = line
    return entry_of(
        (
            ids[fax_id],
            seq,
            bytes.fromhex(digest[2:]),
            ids[callback_id] if callback_id else None,
            *words,
            _moment(occurred_at) if occurred_at else None,
            _moment(received_at),
            orjson.loads(facts),
            change,
        )
    )


def _moment(written: str) -> datetime:
    """SQLite has bare times, in UTC."""
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def write(news: News) -> Steps[None]:
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
    try:
        yield Ask(rows.for_postgresql, rows.write_sqlite)
    except Exception as error:
        if getattr(error, "sqlstate", None) in _CHANGED:
            raise BeginAgainError("the faxes have changed meanwhile") from error
        raise


class _Rows(NamedTuple):
    references: list[dict[str, Any]]
    faxes: list[dict[str, Any]]
    events: list[dict[str, Any]]
    callbacks: list[dict[str, Any]]

    def for_postgresql(self) -> tuple[Prepared, list[bytes]]:
        if not self.events:
            return _WRITE_CALLBACKS, [as_json(self.callbacks)]
        self._number(0)
        counts = (b"%d" % len(self.events), b"%d" % len(self.faxes))
        return _WRITE, [*map(as_json, self), *counts]

    def write_sqlite(self, connection: sqlite3.Connection) -> Rows:
        if count := len(self.events):
            ((before,),) = connection.execute(_TAKE_SQLITE, (count, count)).fetchall()
            self._number(before)
        parts = (references.CLAIM, faxes.SAVE, history.ADD, callbacks.ADD)
        for insert, rows in zip(parts, self, strict=True):
            if rows:
                connection.executemany(insert.for_sqlite, insert.cells(rows))
        return []

    def _number(self, before: int) -> None:
        for number, event in enumerate(self.events, start=before + 1):
            event["change"] = number
