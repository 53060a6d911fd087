"""Broken ways of asking: too little, too much, and twice."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from faxhooks.db import polls
from faxhooks.db.pollmodels import PollRow
from faxhooks.services import budgeting, reconciling, sweeping
from tests.faults.variants import replaced, variant


@variant
def nobody_asks() -> Iterator[None]:
    """What is due is due, and that is all."""
    with replaced(reconciling.Reconciler, "_serve", lambda *_: None):
        yield


@variant
def unknown_faxes_are_left_out() -> Iterator[None]:
    """A list is an answer about the faxes we know; the others are none of our business."""
    is_news = sweeping.is_news

    def known(row: Any, event: Any) -> bool:
        return row is not None and is_news(row, event)

    with replaced(sweeping, "is_news", known):
        yield


@variant
def no_budget() -> Iterator[None]:
    """Whoever wants to ask asks."""

    def reserve(_session: Session, _account: UUID, _pace: Any, wanted: float, _: datetime) -> float:
        return wanted

    with (
        replaced(reconciling, "reserve", reserve),
        replaced(sweeping, "reserve", reserve),
        replaced(budgeting, "is_paused", lambda *_: False),
        replaced(reconciling, "is_paused", lambda *_: False),
    ):
        yield


@variant
def no_lease() -> Iterator[None]:
    """Who finds a fax that is due asks, whoever else does."""
    with replaced(polls, "_lease", lambda *_: None):
        yield


@variant
def taken_is_done() -> Iterator[None]:
    """What a worker has taken up is no longer due, whether it comes to ask or not."""
    lease = polls._lease

    def take(session: Session, fax_ids: Any, wanted: polls.Lease) -> None:
        lease(session, fax_ids, wanted)
        if fax_ids:
            done = update(PollRow).where(PollRow.fax_id.in_(fax_ids)).values(due_at=None)
            session.execute(done)

    with replaced(polls, "_lease", take):
        yield
