"""Broken ways of racing: what goes well alone, and goes wrong when others come at once."""

import os
import signal
import sqlite3
import time
from collections.abc import Collection, Iterator
from typing import Any
from unittest.mock import patch

from gunicorn.workers.gasgi import ASGIWorker
from sqlalchemy import Connection

from faxhooks.db import history, intake, opening
from faxhooks.db.prepared import Prepared
from faxhooks.db.references import Key
from faxhooks.db.steps import Ask, Rows, Steps
from faxhooks.domain.errors import NotFoundError
from faxhooks.services import ingest, keeping
from tests.faults.variants import by_threads, variant


@variant
def unknown_faxes_are_404() -> Iterator[None]:
    """A callback about a fax that nobody has heard of yet is none of our business."""
    look = intake.look

    def look_for_known(keys: Collection[Key]) -> Steps[intake.Known]:
        known = yield from look(keys)
        if not known.faxes:
            raise NotFoundError("there is no such fax")
        return known

    def refuse(_delivery: keeping.Delivery, _reason: str) -> keeping.Delivery:
        raise NotFoundError("there is no such fax")

    with patch.object(intake, "look", look_for_known), patch.object(ingest, "_unread", refuse):
        yield


@variant
def look_before_insert() -> Iterator[None]:
    """Who saw no fax of an id makes one, and trusts that nobody did so meanwhile."""
    claim = "(reference, account_id, fax_id, shared) DO NOTHING"
    with patch.object(intake, "_WRITE", _worded(claim, "DO NOTHING")):
        yield


def _worded(*changes: str) -> Prepared:
    """The statement that keeps callbacks: each second of these words in place of the first."""
    words = intake._WRITE.words.decode()
    for before, after in zip(changes[::2], changes[1::2], strict=True):
        assert before in words
        words = words.replace(before, after)
    return Prepared(words)


@variant
def read_modify_write() -> Iterator[None]:
    """What was read of a fax may have changed by the time it is written over."""
    look = intake.look

    def let_go(connection: sqlite3.Connection) -> Rows:
        connection.execute("COMMIT")
        time.sleep(0.005)
        connection.execute("BEGIN IMMEDIATE")
        return []

    def look_and_let_go(keys: Collection[Key]) -> Steps[intake.Known]:
        known = yield from look(keys)
        yield Ask(lambda: (Prepared("SELECT pg_sleep(0.005)"), []), let_go)
        return known

    ignoring = " ON CONFLICT DO NOTHING"
    unguarded = _worded(
        *(", numbered\n", f", numbered{ignoring}\n"),
        *("FROM added) = CAST($5 AS bigint)", "FROM added) >= 0"),
    )
    add = history.ADD
    with (
        patch.object(intake, "look", look_and_let_go),
        patch.object(intake, "_WRITE", unguarded),
        patch.object(add, "for_sqlite", add.for_sqlite + ignoring),
    ):
        yield


@variant
def default_transaction_mode() -> Iterator[None]:
    """A writer begins as a reader, and asks for the lock when it comes to write."""

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    with patch.object(opening, "_begin_sqlite", begin):
        yield


@variant
def gone_at_once() -> Iterator[None]:
    """A process that is asked to stop does not finish what it has begun; and a callback takes
    a while, so that there always is something.
    """
    receive = ingest.Receiver.receive

    def receive_slowly(*arguments: Any) -> Any:
        time.sleep(0.1)
        return receive(*arguments)

    def leave(*_: Any) -> None:
        os._exit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        with (
            by_threads(),
            patch.object(ingest.Receiver, "receive", receive_slowly),
            patch.object(ASGIWorker, "handle_exit_signal", leave),
        ):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
