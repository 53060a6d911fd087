"""Ways to break the service on purpose, each of which some proof must notice.

A variant is a context manager that changes the code in its own process and changes it back;
its docstring says what is wrong with it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from faxhooks.services import ingest

Variant = Callable[[], AbstractContextManager[None]]

VARIANTS: dict[str, Variant] = {}


def variant(broken: Callable[[], Iterator[None]]) -> Variant:
    """Enter it under its own name."""
    made = contextmanager(broken)
    VARIANTS[broken.__name__] = made
    return made


@contextmanager
def replaced(owner: Any, name: str, broken: Any) -> Iterator[None]:
    """Another value under a name, for a while."""
    right = getattr(owner, name)
    setattr(owner, name, broken)
    try:
        yield
    finally:
        setattr(owner, name, right)


@contextmanager
def by_threads() -> Iterator[None]:
    """Each callback in a thread by either door, so that one change breaks both."""

    async def receive_soon(receiver: ingest.Receiver, *told: Any) -> Any:
        return await asyncio.to_thread(receiver.receive, *told)

    with replaced(ingest.Receiver, "receive_soon", receive_soon):
        yield


def applied(name: str | None) -> AbstractContextManager[None]:
    """The variant of this name; nothing for None. Raises KeyError for one that is not there."""
    return nullcontext() if name is None else VARIANTS[name]()


from tests.faults import variants_asking as _asking  # noqa: E402, F401 (they need the above)
from tests.faults import variants_believing as _believing  # noqa: E402, F401 (they need the above)
from tests.faults import variants_racing as _racing  # noqa: E402, F401
from tests.faults import variants_sending as _sending  # noqa: E402, F401 (the same)
from tests.faults import variants_serving as _serving  # noqa: E402, F401 (the same)
from tests.faults import variants_showing as _showing  # noqa: E402, F401 (they need the above)
