"""Work on a database that says what it asks, and does not ask itself.

So the same work is done by a thread, which stands still until it is answered, and by an event
loop, which goes on meanwhile.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from faxhooks.db.prepared import Prepared

T = TypeVar("T")
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Ask:
    """A statement, for whichever database it is; what it needs is made only for that one."""

    postgresql: Callable[[], tuple[Prepared, Sequence[bytes]]]
    sqlite: Callable[[sqlite3.Connection], Rows]


Steps = Generator[Ask, Rows, T]
"""Work that asks, one thing after the other, and comes to a T."""


def take(steps: Steps[T], answer: Callable[[Ask], Rows]) -> T:
    """Do the work. What goes wrong with an answer is raised in it, as it may know the cause."""
    try:
        ask = next(steps)
        while True:
            try:
                rows = answer(ask)
            except Exception as error:  # noqa: BLE001 (raised in the work)
                ask = steps.throw(error)
            else:
                ask = steps.send(rows)
    except StopIteration as end:
        done: T = end.value
        return done


async def take_soon(steps: Steps[T], answer: Callable[[Ask], Awaitable[Rows]]) -> T:
    """The same where an answer is awaited."""
    try:
        ask = next(steps)
        while True:
            try:
                rows = await answer(ask)
            except Exception as error:  # noqa: BLE001 (raised in the work)
                ask = steps.throw(error)
            else:
                ask = steps.send(rows)
    except StopIteration as end:
        done: T = end.value
        return done
