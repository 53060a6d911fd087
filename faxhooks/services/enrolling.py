"""Which faxes are to be asked about: the worker reads it off the feed of changes.

So nothing that callbacks wait for knows of asking, and no fax is forgotten: the feed has no
gap, and how far it was read is noted in the transaction that plans.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import polls
from faxhooks.db.askings import add_asking, find_asking
from faxhooks.db.models import AccountRow, FaxRow
from faxhooks.db.pollmodels import PollRow
from faxhooks.domain.fax import Evidence, FaxStatus
from faxhooks.providers.base import TIME_LIMIT
from faxhooks.services.directory import Entrance
from faxhooks.services.planning import Asked, Standing, Terms, next_due

PAGE: Final = 500
READER: Final = "polls"
_LATELY: Final = timedelta(days=1)
_MOST: Final = 20_000
_NOBODY: Final = Terms(askable=False, limit=timedelta(days=1))

AllTerms = Mapping[UUID, Terms]
"""The terms of each account."""


def terms_of(entrance: Entrance, *, askable: bool) -> Terms:
    """What is agreed with an account."""
    minutes = entrance.provider.value(entrance.account.config, TIME_LIMIT) or str(24 * 60)
    return Terms(askable, timedelta(minutes=int(minutes)))


def enrol(session: Session, terms: AllTerms, now: datetime) -> int:
    """Plan for the faxes of the next page of the feed; how many there were."""
    faxes = polls.follow_feed(session, READER, PAGE)
    plan(session, faxes, terms, now)
    return len(faxes)


def begin(session: Session, account_id: UUID, terms: AllTerms, now: datetime) -> None:
    """Plan for what an account has, once it can be asked. Credentials that were refused are
    tried at once when others were given since.
    """
    asking = find_asking(session, account_id)
    if asking is not None and asking.refused_at is not None:
        changed_at = session.get_one(AccountRow, account_id).updated_at
        if changed_at > asking.refused_at:
            asking.refused_at = asking.paused_until = None
    if asking is None and add_asking(session, account_id, now, now):
        plan(
            session,
            polls.list_unsettled(session, account_id, now - _LATELY, _MOST),
            terms,
            now,
        )


def plan(session: Session, fax_ids: Collection[UUID], terms: AllTerms, now: datetime) -> None:
    """Set when these faxes are asked about next, from where they stand."""
    if not fax_ids:
        return
    known = polls.lock_polls(session, fax_ids)
    rows = polls.list_rows(session, fax_ids)
    accounts = polls.carriers_of(session, rows)
    due = {
        row.id: due_of(row, known.get(row.id), terms.get(accounts[row.id], _NOBODY), now)
        for row in rows
    }
    over = [fax_id for fax_id in due if due[fax_id] is None and not _was_asked(known.get(fax_id))]
    polls.drop_polls(session, [fax_id for fax_id in over if fax_id in known])
    kept = {fax_id: due[fax_id] for fax_id in due if fax_id not in over}
    polls.plan_polls(session, accounts, kept)


def due_of(row: FaxRow, poll: PollRow | None, terms: Terms, now: datetime) -> datetime | None:
    """When a fax is asked about next; None for one that was merged into another."""
    if row.merged_into is not None:
        return None
    asked = Asked() if poll is None else Asked(poll.asked_at, poll.failures)
    return next_due(standing(row), asked, terms, now)


def standing(row: FaxRow) -> Standing:
    """What of a fax decides when it is asked about."""
    return Standing(
        id=row.id,
        status=FaxStatus(row.status),
        evidence=Evidence(row.evidence),
        created_at=max(row.created_at, row.expected_at or row.created_at),
        updated_at=row.updated_at,
        finished_at=row.finished_at,
        asks_at=row.next_poll_at,
        priced=row.cost_amount is not None,
    )


def _was_asked(poll: PollRow | None) -> bool:
    return poll is not None and (poll.asked_at is not None or poll.leased_until is not None)
