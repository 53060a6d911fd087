"""A whole list of faxes as CSV or as one JSON object per line, of one moment, piece by piece.

However long the list, only a piece of it is in memory. NDJSON holds exactly what the API shows;
CSV is for spreadsheets, and so never holds a cell that a spreadsheet would run as a formula.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy.orm import Session

from faxhooks.db.engine import Database
from faxhooks.db.faxlists import FaxFilter, Sort, stream_faxes
from faxhooks.services.presenting import FaxSchema
from faxhooks.services.shapes import Shape, present, raw_json

_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("id", "label"),
    "reason": ("code", "fault", "retry", "may_have_printed"),
    "error": ("code", "message"),
    "cost": ("amount", "unit"),
}
"""Objects of a fax; each of their values has a column of its own."""
_NAMES: Final = [
    field.data_key or name for name, field in FaxSchema().fields.items() if name != "history"
]

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_BREAKS: Final = re.compile(r"[;|\t\r\n\0]")
"""Most cells have none of these and begin with a letter or a digit: those need no closer look."""
_RUNNABLE: Final = re.compile(
    r"(^(?=[\t\r\n])|(?:^|\r\n|[;|\t\r\n])(?=[\s\"'\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]))"
)
"""Where a cell begins that a spreadsheet may run.

Blanks and quotes before the sign are dropped by some, full-width signs are taken for the usual
ones by others. A cell also begins inside of ours where a spreadsheet is set to semicolons or
tabs, as in much of Europe, and takes our quotes for text.
"""


def export_ndjson(
    database: Database, wanted: FaxFilter, sort: Sort, shape: Shape
) -> Iterator[bytes]:
    """One fax a line, each as the API shows it. Raises UnavailableError at any piece."""

    def lines(session: Session) -> Iterator[bytes]:
        for faxes in stream_faxes(session, wanted, sort):
            yield b"".join(map(raw_json, present(session, faxes, shape, raw=True)))

    return database.stream(lines)


def export_csv(database: Database, wanted: FaxFilter, sort: Sort, shape: Shape) -> Iterator[bytes]:
    """A header and one fax a row, by RFC 4180, in UTF-8. Raises UnavailableError at any piece."""
    columns = _columns(shape.fields or _NAMES)
    header = [column for column, _ in columns]
    cells = [cell for _, cell in columns]

    def rows(session: Session) -> Iterator[bytes]:
        first: list[list[str]] = [header]
        for faxes in stream_faxes(session, wanted, sort):
            shown = present(session, faxes, shape)
            yield _written([*first, *([cell(each) for cell in cells] for each in shown)])
            first = []
        if first:
            yield _written(first)

    return database.stream(rows)


def safe_cell(text: str) -> str:
    """The text with a single quote before whatever a spreadsheet would run; numbers stay.

    Spreadsheets end a text at a NUL, and would show what follows as something else.
    """
    if not text or (text[0].isalnum() and not _BREAKS.search(text)) or _NUMBER.fullmatch(text):
        return text
    return _RUNNABLE.sub(r"\1'", text.replace("\0", ""))


_Cell = Callable[[dict[str, Any]], str]


def _columns(names: Sequence[str]) -> list[tuple[str, _Cell]]:
    columns = []
    for name in names:
        parts = _PARTS.get(name)
        if parts is None:
            columns.append((name, _whole(name)))
        else:
            columns += [(f"{name}.{part}", _part(name, part)) for part in parts]
    return columns


def _whole(name: str) -> _Cell:
    return lambda shown: _text(shown[name])


def _part(name: str, part: str) -> _Cell:
    return lambda shown: _text(shown[name] and shown[name][part])


def _text(value: Any) -> str:
    """A list as words, tags as JSON; nothing is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return safe_cell(value)
    if isinstance(value, list):
        return safe_cell(" ".join(value))
    if isinstance(value, dict):
        return safe_cell(orjson.dumps(value).decode()) if value else ""
    return str(value).lower()


def _written(rows: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
