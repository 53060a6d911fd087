"""Broken ways of serving: answers that promise too much, and waits that never end."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from secrets import token_bytes
from typing import Any

import faxhooks.app
from faxhooks.db import deadline, engine, opening
from faxhooks.domain.errors import UnavailableError
from faxhooks.services import ingest
from tests.faults.variants import by_threads, replaced, variant


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

    with by_threads(), replaced(ingest.Receiver, "_keep", put):
        yield


@variant
def synchronous_commit_off() -> Iterator[None]:
    """PostgreSQL says that it has committed before its log is on the disk, and nobody minds."""
    setup = opening._set_up_postgresql
    with (
        replaced(
            opening,
            "_set_up_postgresql",
            lambda words, *rest: setup(f"{words}; SET synchronous_commit = off", *rest),
        ),
        replaced(faxhooks.app, "check_durability", lambda _database: None),
    ):
        yield


@variant
def no_unique_key() -> Iterator[None]:
    """Nothing tells that a callback came before: each has a digest that no other has."""
    read = ingest.read

    def read_as_new(*arguments: Any) -> Any:
        delivery = read(*arguments)
        events = tuple(event._replace(digest=token_bytes(32)) for event in delivery.events)
        return replace(delivery, events=events, digest=token_bytes(32))

    with replaced(ingest, "read", read_as_new):
        yield


@variant
def catch_all_200() -> Iterator[None]:
    """Whatever goes wrong while keeping a callback is swallowed, and the answer is 200."""
    keep = ingest.Receiver._keep

    def keep_or_not(receiver: Any, delivery: Any, until: float) -> None:
        try:
            keep(receiver, delivery, until)
        except Exception:  # noqa: BLE001 (this is what is wrong with it)
            return

    with by_threads(), replaced(ingest.Receiver, "_keep", keep_or_not):
        yield


@variant
def no_deadline() -> Iterator[None]:
    """The database is waited for as long as it likes."""
    with replaced(deadline.Watchdog, "watch", lambda *_: nullcontext()):
        yield


@variant
def default_pool_timeout() -> Iterator[None]:
    """Nobody's turn is awaited but a connection of the pool, for SQLAlchemy's own 30 seconds."""

    def patiently(open_: Any) -> Any:
        def opened(*arguments: Any) -> Any:
            made = open_(*arguments)
            made.pool._timeout = 30.0
            return made

        return opened

    with (
        replaced(engine, "open_engine", patiently(engine.open_engine)),
        replaced(engine, "open_swift", patiently(engine.open_swift)),
        replaced(engine.Database, "_turn", lambda *_: nullcontext()),
    ):
        yield
