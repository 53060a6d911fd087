"""How fast an account's provider may be asked, shared by all who ask.

A budget of so many requests a minute is a bucket: a tenth of them may be sent at once, and it
fills with the others over the minute, so that no minute sees more than all of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from faxhooks.db.batches import Insert
from faxhooks.db.pollmodels import AskingRow
from faxhooks.db.polls import Lease

_AT_ONCE: Final = 0.1
_ADD: Final = Insert(AskingRow, "DO NOTHING")


@dataclass(frozen=True, slots=True)
class Pace:
    """So many requests a minute."""

    per_minute: int

    @property
    def at_once(self) -> float:
        """How many may follow each other without a pause."""
        return max(1.0, self.per_minute * _AT_ONCE)

    @property
    def per_second(self) -> float:
        """How fast the bucket fills."""
        return max(self.per_minute - self.at_once, 0.5) / 60


def add_asking(session: Session, account_id: UUID, now: datetime, sweep_at: datetime) -> bool:
    """Begin to ask for an account; whether it was not asked for before."""
    row = {
        "account_id": account_id,
        "tokens": 0.0,
        "filled_at": now - timedelta(minutes=1),
        "swept_until": now,
        "sweep_at": sweep_at,
        "failures": 0,
    }
    columns = AskingRow.__table__.columns
    return _ADD.run(session, [{column.name: row.get(column.name) for column in columns}]) > 0


def find_asking(session: Session, account_id: UUID) -> AskingRow | None:
    """How an account is asked for, if it is."""
    return session.get(AskingRow, account_id)


def list_askings(session: Session) -> dict[UUID, AskingRow]:
    """The same of every account that is asked for."""
    return {row.account_id: row for row in session.scalars(select(AskingRow))}


def lock_asking(session: Session, account_id: UUID) -> AskingRow | None:
    """The same, held until the transaction ends."""
    return session.get(AskingRow, account_id, with_for_update=True, populate_existing=True)


def fill(asking: AskingRow, pace: Pace, now: datetime) -> None:
    """Let what time has brought into the bucket; a clock that went back takes nothing out."""
    seconds = max(0.0, (now - asking.filled_at).total_seconds())
    asking.tokens = min(pace.at_once, asking.tokens + seconds * pace.per_second)
    asking.filled_at = max(now, asking.filled_at)


def lease_sweep(asking: AskingRow, lease: Lease) -> bool:
    """Take it on to read the account's lists, unless somebody does already."""
    if asking.leased_until is not None and asking.leased_until > lease.now:
        return False
    asking.leased_until, asking.leased_by = lease.until, lease.by
    return True


def end_sweep(asking: AskingRow, by: UUID, swept_until: datetime, again_at: datetime) -> None:
    """Note how far the lists were read, and when to read them again."""
    asking.swept_until = max(swept_until, asking.swept_until)
    asking.sweep_at = again_at
    release_sweep(asking, by)


def release_sweep(asking: AskingRow, by: UUID) -> None:
    """Leave it to others."""
    if asking.leased_by == by:
        asking.leased_until = asking.leased_by = None


def sweep_all(session: Session, now: datetime, since: datetime) -> None:
    """Have every account's lists read at once, from that moment on."""
    rows = update(AskingRow)
    session.execute(rows.where(AskingRow.sweep_at > now).values(sweep_at=now))
    session.execute(rows.where(AskingRow.swept_until > since).values(swept_until=since))
