"""Broken ways of racing: what goes well alone, and goes wrong when others come at once."""

import os
import signal
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from faxhooks.db import engine, history, references
from faxhooks.db.batches import Insert
from faxhooks.db.history import Entry
from faxhooks.db.models import ReferenceRow
from faxhooks.db.references import find_faxes
from faxhooks.domain.errors import NotFoundError
from faxhooks.domain.fax import Verdict
from faxhooks.services import ingest
from tests.faults.variants import variant


@variant
def unknown_faxes_are_404() -> Iterator[None]:
    """A callback about a fax that nobody has heard of yet is none of our business."""
    keep = ingest.keep

    def keep_known(
        session: Session, deliveries: Sequence[ingest.Delivery], release: str
    ) -> list[Verdict]:
        for delivery in deliveries:
            keys = [key for fact in ingest.facts_of(delivery) for key in fact.keys]
            if not find_faxes(session, keys):
                raise NotFoundError("there is no such fax")
        return keep(session, deliveries, release)

    def refuse(_delivery: ingest.Delivery, _reason: str) -> ingest.Delivery:
        raise NotFoundError("there is no such fax")

    with patch.object(ingest, "keep", keep_known), patch.object(ingest, "_unread", refuse):
        yield


@variant
def look_before_insert() -> Iterator[None]:
    """Who saw no fax of an id makes one, and trusts that nobody did so meanwhile."""
    with patch.object(references, "_CLAIM", Insert(ReferenceRow)):
        yield


@variant
def read_modify_write() -> Iterator[None]:
    """The lock on a fax is let go between reading its history and adding to it."""
    list_entries = history.list_entries

    def list_and_let_go(session: Session, fax_ids: Collection[UUID]) -> dict[UUID, list[Entry]]:
        found = list_entries(session, fax_ids)
        if fax_ids:
            connection = session.connection()
            connection.exec_driver_sql("COMMIT")
            time.sleep(0.005)
            if connection.dialect.name == "sqlite":
                engine._begin_sqlite(connection)
        return found

    with patch.object(history, "list_entries", list_and_let_go):
        yield


@variant
def default_transaction_mode() -> Iterator[None]:
    """A writer begins as a reader, and asks for the lock when it comes to write."""

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    with patch.object(engine, "_begin_sqlite", begin):
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
        with patch.object(ingest.Receiver, "receive", receive_slowly):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
