"""How values look to people: in tables, on lines of their own, and never as commands to the
terminal, since providers and senders of faxes wrote some of them.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

T = TypeVar("T")

NOTHING: Final = "-"
_WIDTH: Final = 1000
"""Columns of a table at most: cells that are folded to fit a window cannot be copied, while
the terminal wraps long lines without breaking them.
"""

# Control characters move the cursor or more; the others turn the direction of writing or
# are half a character, which cannot be written at all.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def plain(text: str, keep: str = "") -> str:
    """The text with whatever a terminal would obey replaced, but for the characters in `keep`."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else "\ufffd", text)


def word(value: Any) -> str:
    """Any value as one line for people."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    if isinstance(value, set | frozenset):
        return word(sorted(value))
    if isinstance(value, list | tuple):
        return ", ".join(word(inner) for inner in value) or NOTHING
    return plain(str(value))


def make_console(*, stderr: bool = False) -> Console:
    """A console that takes values as they are: no markup, no colors by guess, no folding."""
    width = None if stderr else _WIDTH
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, width=width)


def show_table(
    console: Console, columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str
) -> None:
    """A table, or the sentence `empty` where it would have no rows."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(word, row))
    if table.row_count:
        console.print(table)
    else:
        click.echo(empty)


def show_fields(pairs: Iterable[tuple[str, Any]]) -> None:
    """Names and values, one a line and never wrapped, so that they can be copied."""
    known = [(name, word(value)) for name, value in pairs]
    width = max(len(name) for name, _ in known)
    for name, value in known:
        click.echo(f"{name:<{width}}  {value}")


def follow(work: Iterable[T], total: int | None, what: str) -> Iterable[T]:
    """The same things, with a progress bar on standard error where that is a terminal; without
    a `total` it only shows that it goes on.
    """
    console = make_console(stderr=True)
    return track(work, what, total, console=console, disable=not console.is_terminal)
