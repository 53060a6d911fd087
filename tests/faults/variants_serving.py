"""Broken ways of serving: answers that promise too much, and waits that never end."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from secrets import token_bytes
from typing import Any

import faxhooks.app
from faxhooks.db import engine
from faxhooks.domain.errors import UnavailableError
from faxhooks.services import ingest
from tests.faults.variants import variant


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Another value for a name, for a while."""
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


@variant
def acknowledge_before_commit() -> Iterator[None]:
    """The answer goes out first; what is to be kept waits in memory for a moment."""
    waiting: queue.SimpleQueue[tuple[Any, Any, float]] = queue.SimpleQueue()
    keep = ingest.Receiver._keep

    def work() -> None:
        while True:
            receiver, delivery, due = waiting.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                keep(receiver, delivery, time.monotonic() + 2)
            except UnavailableError:
                continue  # It was acknowledged, and is gone.

    started = threading.Event()

    def put(receiver: Any, delivery: Any, _until: float) -> None:
        if not started.is_set():  # Late, since threads do not survive a fork.
            started.set()
            threading.Thread(target=work, daemon=True).start()
        waiting.put((receiver, delivery, time.monotonic() + 0.3))

    with replaced(ingest.Receiver, "_keep", put):
        yield


@variant
def synchronous_commit_off() -> Iterator[None]:
    """PostgreSQL says that it has committed before its log is on the disk, and nobody minds."""
    setup = f"{engine._POSTGRESQL_SETUP}; SET synchronous_commit = off"
    with (
        replaced(engine, "_POSTGRESQL_SETUP", setup),
        replaced(faxhooks.app, "check_durability", lambda _database: None),
    ):
        yield


@variant
def no_unique_key() -> Iterator[None]:
    """Nothing tells that a callback came before: each has a digest that no other has."""
    read = ingest.read

    def read_as_new(*arguments: Any) -> Any:
        delivery = read(*arguments)
        events = tuple(replace(event, digest=token_bytes(32)) for event in delivery.events)
        return replace(delivery, events=events, digest=token_bytes(32))

    with replaced(ingest, "read", read_as_new):
        yield
