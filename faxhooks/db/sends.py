"""What is to be sent: taken up by one worker at a time, an account's faxes one after another."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db.batches import Insert
from faxhooks.db.models import FaxRow
from faxhooks.db.sendmodels import SendPaceRow, SendRow
from faxhooks.domain.fax import Outcome


class SendState(StrEnum):
    """How far a fax has come on the way to its provider."""

    WAITING = "waiting"
    SUBMITTING = "submitting"  # The provider may have it; nobody knows until it answers.
    SENT = "sent"
    NOT_SENT = "not-sent"
    UNSURE = "unsure"  # Only a person can tell whether the provider has it.


_MOST_DOUBTS: Final = 200
_MOST_ENDED: Final = 200

_PACE: Final = Insert(SendPaceRow, "DO NOTHING")


@dataclass(frozen=True, slots=True)
class Claim:
    """A send that is ours until a while from now."""

    id: UUID
    fax_id: UUID


def add_sends(session: Session, rows: Sequence[SendRow]) -> None:
    """Enter them into the outbox."""
    session.add_all(rows)
    session.flush()


def lock_send(session: Session, fax_id: UUID) -> SendRow | None:
    """The send of a fax, held until the transaction ends; None for one not sent from here."""
    return session.get(SendRow, fax_id, with_for_update=True, populate_existing=True)


def find_send(session: Session, fax_id: UUID) -> SendRow | None:
    """The send of a fax, to look at; None for one not sent from here."""
    return session.get(SendRow, fax_id)


def get_send(session: Session, fax_id: UUID) -> SendRow:
    """The same, to look at, of one that was sent from here."""
    return session.get_one(SendRow, fax_id)


def list_due_accounts(session: Session, now: datetime) -> Sequence[UUID]:
    """The accounts that have anything to be sent, or in doubt."""
    due = SendRow.due_at <= now, SendRow.state.in_((SendState.WAITING, SendState.SUBMITTING))
    return session.scalars(select(SendRow.account_id).where(*due).distinct()).all()


def list_ended(session: Session, now: datetime) -> Sequence[UUID]:
    """The faxes that are followed after they were handed over, and have come to an end."""
    return session.scalars(
        select(SendRow.fax_id)
        .join(FaxRow, FaxRow.id == SendRow.fax_id)
        .where(
            SendRow.due_at <= now,
            SendRow.state.in_((SendState.SENT, SendState.NOT_SENT)),
            FaxRow.outcome != Outcome.PENDING,
        )
        .order_by(SendRow.due_at)
        .limit(_MOST_ENDED)
    ).all()


def find_carriers(session: Session, fax_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """The accounts with which these faxes are sent, of those that are sent from here."""
    sent = select(SendRow.fax_id, SendRow.account_id).where(SendRow.fax_id.in_(fax_ids))
    return dict(session.execute(sent).tuples().all())


def lock_pace(session: Session, account_id: UUID, now: datetime) -> SendPaceRow:
    """An account's pace, held until the transaction ends: so its faxes are taken up in turn."""
    _PACE.run(session, [{"account_id": account_id, "next_at": now}])
    return session.get_one(SendPaceRow, account_id, with_for_update=True, populate_existing=True)


def claim_due(session: Session, account_id: UUID, now: datetime, lease: timedelta) -> Claim | None:
    """Take up the one to be sent that is due longest, of an account whose pace the caller has
    locked.

    A fax waits while another to the same recipient may or may not be at the provider: to tell
    two such faxes apart in its list would be guessing.
    """
    # Asked for once, not for each that waits: of those there may be thousands.
    blocked = select(SendRow.recipient).where(
        SendRow.account_id == account_id,
        SendRow.due_at.is_not(None),
        SendRow.state == SendState.SUBMITTING,
    )
    row = session.scalars(
        _due(account_id, now, SendState.WAITING)
        .where(SendRow.recipient.not_in(blocked))
        .order_by(SendRow.due_at, SendRow.fax_id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    fax = session.get(FaxRow, row.fax_id, populate_existing=True)
    if fax is not None and fax.outcome == Outcome.SUCCESS:
        # An earlier try arrived after all while this one waited.
        settle_send(row, SendState.SENT, None, None)
        session.flush()
        return claim_due(session, account_id, now, lease)
    row.claim, row.due_at, row.error = uuid7(), now + lease, None
    row.state, row.submitted_at, row.tries = SendState.SUBMITTING, now, row.tries + 1
    session.flush()
    return Claim(row.claim, row.fax_id)


def claim_doubts(
    session: Session, account_id: UUID, now: datetime, lease: timedelta, together: timedelta
) -> list[Claim]:
    """Take up what is in doubt, as many as were handed over within that time of the oldest: so
    that one reading of the provider's list answers for all of them.
    """
    rows = session.scalars(
        _due(account_id, now, SendState.SUBMITTING)
        .order_by(SendRow.submitted_at, SendRow.fax_id)
        .limit(_MOST_DOUBTS)
    ).all()
    claims = []
    for row in rows:
        if handed_over_at(row) <= handed_over_at(rows[0]) + together:
            row.claim, row.due_at = uuid7(), now + lease
            claims.append(Claim(row.claim, row.fax_id))
    session.flush()
    return claims


def handed_over_at(row: SendRow) -> datetime:
    """Not later than the provider can have got it."""
    return row.submitted_at or row.created_at


def _due(account_id: UUID, now: datetime, state: SendState) -> Select[tuple[SendRow]]:
    """Those rows, as they are now, that nobody else is taking up at this moment."""
    return (
        select(SendRow)
        .where(SendRow.account_id == account_id, SendRow.due_at <= now, SendRow.state == state)
        .with_for_update(skip_locked=True, of=SendRow)
        .execution_options(populate_existing=True)
    )


def settle_send(row: SendRow, state: SendState, due_at: datetime | None, error: str | None) -> None:
    """Note where it stands now, and that nobody has it any longer."""
    row.state, row.due_at, row.error, row.claim = state, due_at, error, None
