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


async def take_soon(steps: Steps[T], answer: Callable[[Ask], Awaitable[Rows]]) -> T:
    """Do the work, awaiting each answer. What goes wrong with one is raised in the work, which may
    know the cause.
    """
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


def take(steps: Steps[T], answer: Callable[[Ask], Rows]) -> T:
    """The same where each answer is there at once, so that nothing is ever awaited."""

    async def at_once(ask: Ask) -> Rows:
        return answer(ask)

    try:
        take_soon(steps, at_once).send(None)
    except StopIteration as end:
        done: T = end.value
        return done
    raise AssertionError("an answer was awaited")
