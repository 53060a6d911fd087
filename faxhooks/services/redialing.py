"""What did not get through is entered into the outbox again: as a further try at the same fax.

A send that is to be followed stays due once it was handed over; it is looked at when its fax has
ended, and then either begins anew or is followed no longer. The further try has an id of its own,
and so its own claim and its own search: each is handed over once (ADR 0010), and the fax is
folded from all of them (ADR 0013).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from threading import Event
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import sends
from faxhooks.db.faxes import Home, get_fax
from faxhooks.db.models import FaxRow
from faxhooks.db.references import OWN, add_references
from faxhooks.db.sendmodels import SendRow
from faxhooks.db.sends import SendState
from faxhooks.domain.fax import (
    Direction,
    Evidence,
    FaxEvent,
    FaxStatus,
    Outcome,
    Reference,
    Source,
)
from faxhooks.providers import reading
from faxhooks.services.claiming import Fact
from faxhooks.services.desks import Clock, utc_now
from faxhooks.services.parts import Parts
from faxhooks.services.recording import record
from faxhooks.services.retrying import End, NextTry, Persistence, is_settled, next_try

log = structlog.get_logger()

PATIENCE: Final = timedelta(days=1)
"""How long an end may stay unsure that is waited for; then a person decides."""


_LOOK_AGAIN: Final = timedelta(seconds=10)


class Redialer:
    """Decides on what has ended, and then returns."""

    def __init__(self, parts: Parts, clock: Clock = utc_now) -> None:
        self._database = parts.database
        self._clock = clock

    def run(self, stopping: Event) -> dict[str, int]:
        """One pass: how many faxes begin anew."""
        begun = 0
        now = self._clock()
        for fax_id in self._database.read(lambda session: sends.list_ended(session, now)):
            if stopping.is_set():
                break
            begun += self._database.write(partial(self._decide, fax_id=fax_id))
        return {"redials": begun}

    def _decide(self, session: Session, fax_id: UUID) -> bool:
        row = sends.lock_send(session, fax_id)
        if row is None or not is_followed(row):
            return False
        fax, now = get_fax(session, row.fax_id), self._clock()
        if fax.outcome == Outcome.PENDING:
            return False
        following = following_try(row, fax)
        if following is None:
            unfollow(row)
        elif is_settled(_end_of(fax)):
            begin(session, row, fax, following, now)
            return True
        elif now - fax.updated_at > PATIENCE:
            why = "not tried again: its end was never sure"
            let_stand(session, row, fax, now, why=why, source=Source.TIMER)
        else:
            row.due_at = now + _LOOK_AGAIN
        return False


def is_followed(row: SendRow) -> bool:
    """Whether it was handed over, and begins anew should it not get through."""
    return row.due_at is not None and row.state in (SendState.SENT, SendState.NOT_SENT)


def following_try(row: SendRow, fax: FaxRow) -> NextTry | None:
    """The try that is to follow the end of this one, once that is sure; None if none is."""
    if not is_followed(row):
        return None
    return next_try(Persistence.of(row.content), tried(row), _end_of(fax))


def is_over(session: Session, fax: FaxRow) -> bool:
    """Whether it has ended, and is not about to be tried again."""
    row = sends.find_send(session, fax.id)
    ended = fax.outcome != Outcome.PENDING
    return ended and (row is None or following_try(row, fax) is None)


def tried(row: SendRow) -> list[UUID]:
    """The account of each try, the present one last."""
    said = row.content.get("accounts")
    return [row.account_id] if said is None else [UUID(each) for each in said]


def begin(session: Session, row: SendRow, fax: FaxRow, following: NextTry, now: datetime) -> None:
    """Enter the next try; from here on the fax is open again."""
    accounts = [*tried(row), following.account_id]
    own, at = f"{OWN}{uuid7()}", now + following.wait
    # The fax stays where it was ordered, and can be found by what the other account says.
    if following.account_id != fax.account_id:
        add_references(session, {(following.account_id, own): fax.id}, shared=False)
    event = _begun(row, fax, own, accounts, now)
    record(session, [Fact(Home(fax.account_id, fax.provider), event)])
    row.own_id, row.account_id, row.tries, row.submitted_at = own, following.account_id, 0, None
    row.content = {**row.content, "accounts": [str(each) for each in accounts]}
    sends.settle_send(row, SendState.WAITING, at, None)
    session.refresh(fax)
    fax.expected_at = at
    session.flush()
    log.info("fax_redialled", fax_id=str(fax.id), number=len(accounts), at=at.isoformat())


def _begun(
    row: SendRow, fax: FaxRow, own: str, accounts: Sequence[UUID], now: datetime
) -> FaxEvent:
    number = len(accounts)
    why = f"{fax.status}, {fax.reason}" if fax.reason else fax.status
    return FaxEvent(
        digest=sha256(f"begun\0{own}".encode()).digest(),
        references=(Reference(own), Reference(row.own_id)),
        received_at=now,
        begins=number,
        follows=Persistence.of(row.content).able(accounts) or None,
        status=FaxStatus.QUEUED,
        source=Source.SEND,
        evidence=Evidence.OWN,
        direction=Direction.OUTBOUND,
        sender=reading.number({"from": row.content["sender"]}, "from"),
        recipient=reading.number({"to": row.recipient}, "to"),
        detail=f"try {number}, since the one before ended: {why}",
    )


def let_stand(  # noqa: PLR0913 (a fax and its send, and what is said of them by whom)
    session: Session, row: SendRow, fax: FaxRow, now: datetime, *, why: str, source: Source
) -> None:
    """Try it no more, although that might have helped; its history says so."""
    event = FaxEvent(
        digest=sha256(f"stands\0{row.own_id}".encode()).digest(),
        references=(Reference(row.own_id),),
        received_at=now,
        follows=frozenset(),
        source=source,
        evidence=Evidence.OWN,
        detail=why,
    )
    record(session, [Fact(Home(fax.account_id, fax.provider), event)])
    unfollow(row)


def unfollow(row: SendRow) -> None:
    """Let its end stand, whatever it was."""
    sends.settle_send(row, SendState(row.state), None, row.error)


def _end_of(fax: FaxRow) -> End:
    return End(FaxStatus(fax.status), fax.reason, Evidence(fax.evidence), frozenset(fax.flags))
