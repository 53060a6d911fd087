"""Broken ways of believing: whom, in which order, and whatever a stranger may write."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from faxhooks.domain import lifecycle
from faxhooks.domain.fax import FaxEvent
from tests.faults.variants import variant


@contextmanager
def replaced(owner: Any, name: str, broken: Any) -> Iterator[None]:
    """Another value under a name, for a while."""
    right = getattr(owner, name)
    setattr(owner, name, broken)
    try:
        yield
    finally:
        setattr(owner, name, right)


@variant
def last_writer_wins() -> Iterator[None]:
    """Whatever arrived last is believed."""

    def by_arrival(event: FaxEvent) -> Any:
        return event.received_at, event.digest

    with replaced(lifecycle, "precedence", by_arrival):
        yield
