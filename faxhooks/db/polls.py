"""When which fax is asked about: planned, leased to one worker at a time, and noted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from faxhooks.db.batches import Insert
from faxhooks.db.models import EventRow, FaxRow, ReferenceRow
from faxhooks.db.pollmodels import AskingRow, FeedReaderRow, PollRow
from faxhooks.db.references import OWN
from faxhooks.db.sends import find_carriers
from faxhooks.domain.fax import Outcome

_EMPTY: Final = {
    "due_at": None,
    "asked_at": None,
    "tries": 0,
    "failures": 0,
    "answer": None,
    "error": None,
    "leased_until": None,
    "leased_by": None,
}
_ADD: Final = Insert(PollRow, "DO NOTHING")
_PLAN: Final = Insert(
    PollRow,
    "(fax_id) DO UPDATE SET due_at = excluded.due_at, account_id = excluded.account_id",
)
_NO_LEASE: Final = {"leased_until": None, "leased_by": None}


@dataclass(frozen=True, slots=True)
class Lease:
    """Who asks, and until when nobody else does."""

    by: UUID
    now: datetime
    until: datetime


def follow_feed(session: Session, reader: str, limit: int) -> set[UUID]:
    """The faxes of the next changes that this reader has not seen, which it then has.

    Nobody else reads under that name until the transaction ends.
    """
    Insert(FeedReaderRow, "DO NOTHING").run(session, [{"name": reader, "last": 0}])
    row = session.get_one(FeedReaderRow, reader, with_for_update=True)
    found = session.execute(
        select(EventRow.change, EventRow.fax_id)
        .where(EventRow.change > row.last)
        .order_by(EventRow.change)
        .limit(limit)
    ).all()
    if found:
        row.last = found[-1].change
        session.flush()
    return {each.fax_id for each in found}


def lock_polls(session: Session, fax_ids: Collection[UUID]) -> dict[UUID, PollRow]:
    """What is planned for these faxes, held until the transaction ends."""
    rows = session.scalars(
        select(PollRow)
        .where(PollRow.fax_id.in_(fax_ids))
        .order_by(PollRow.fax_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.fax_id: row for row in rows}


def find_poll(session: Session, fax_id: UUID) -> PollRow | None:
    """What is planned for a fax, and what the last answer was."""
    return session.get(PollRow, fax_id)


def add_polls(session: Session, accounts: Mapping[UUID, UUID]) -> None:
    """Have a row for each of these faxes, given with its account."""
    _ADD.run(session, [_row(fax_id, accounts[fax_id]) for fax_id in sorted(accounts)])


def plan_polls(
    session: Session, accounts: Mapping[UUID, UUID], due: Mapping[UUID, datetime | None]
) -> None:
    """Set when these faxes are asked about next."""
    rows = [_row(fax_id, accounts[fax_id], due_at=due[fax_id]) for fax_id in sorted(due)]
    _PLAN.run(session, rows)


def drop_polls(session: Session, fax_ids: Collection[UUID]) -> None:
    """Forget what was planned for these faxes."""
    if fax_ids:
        session.execute(delete(PollRow).where(PollRow.fax_id.in_(fax_ids)))


def claim_due(session: Session, account_id: UUID, lease: Lease, limit: int) -> list[UUID]:
    """Lease the faxes of an account that are due longest, passing over those of others."""
    found = session.scalars(
        select(PollRow.fax_id)
        .where(*_due(account_id, lease.now))
        .order_by(PollRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    _lease(session, found, lease)
    return list(found)


def claim_overdue(
    session: Session, account_id: UUID, lease: Lease, created_before: datetime, limit: int
) -> list[UUID]:
    """Lease faxes that are on their way since before that moment, and due."""
    old = FaxRow.outcome == Outcome.PENDING, FaxRow.created_at <= created_before
    found = session.scalars(
        select(PollRow.fax_id)
        .join(FaxRow, FaxRow.id == PollRow.fax_id)
        .where(*_due(account_id, lease.now), *old)
        .limit(limit)
        .with_for_update(skip_locked=True, of=PollRow)
    ).all()
    _lease(session, found, lease)
    return list(found)


def claim_one(session: Session, fax_id: UUID, account_id: UUID, lease: Lease) -> bool:
    """Lease this fax, due or not; False while somebody else has it."""
    add_polls(session, {fax_id: account_id})
    row = lock_polls(session, [fax_id])[fax_id]
    if row.leased_until is not None and row.leased_until > lease.now:
        return False
    _lease(session, [fax_id], lease)
    return True


def release(session: Session, fax_ids: Collection[UUID], by: UUID) -> None:
    """Give leases back without having asked."""
    mine = PollRow.fax_id.in_(fax_ids), PollRow.leased_by == by
    session.execute(update(PollRow).where(*mine).values(**_NO_LEASE))


def count_due(session: Session, account_id: UUID, now: datetime, most: int) -> int:
    """How many faxes of an account are due, up to so many."""
    some = select(PollRow.fax_id).where(*_due(account_id, now)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def oldest_due(session: Session, account_id: UUID, now: datetime, limit: int) -> datetime | None:
    """When the oldest of the faxes that are due was first heard of."""
    some = select(PollRow.fax_id).where(*_due(account_id, now)).limit(limit)
    return session.scalar(select(func.min(FaxRow.created_at)).where(FaxRow.id.in_(some)))


def count_known(session: Session, account_id: UUID, since: datetime, most: int) -> int:
    """How many faxes of an account were first heard of since then, up to so many."""
    listed = FaxRow.account_id == account_id, FaxRow.merged_into.is_(None)
    some = select(FaxRow.id).where(*listed, FaxRow.created_at >= since).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def list_rows(session: Session, fax_ids: Collection[UUID]) -> Sequence[FaxRow]:
    """These faxes as they stand, read anew."""
    statement = select(FaxRow).where(FaxRow.id.in_(fax_ids)).order_by(FaxRow.id)
    return session.scalars(statement.execution_options(populate_existing=True)).all()


def list_unsettled(session: Session, account_id: UUID, since: datetime, most: int) -> set[UUID]:
    """The account's faxes that are under way, and those last heard of since then."""
    listed = FaxRow.account_id == account_id, FaxRow.merged_into.is_(None)
    under_way = FaxRow.outcome.in_((Outcome.PENDING, Outcome.UNKNOWN))
    found = session.scalars(
        select(FaxRow.id).where(*listed, or_(under_way, FaxRow.updated_at > since)).limit(most)
    )
    return set(found)


def list_ids(session: Session, rows: Collection[FaxRow]) -> dict[UUID, list[str]]:
    """The ids by which a provider knows each of these faxes, the one it shows people first.

    None of one that waits to be handed over, for the first time or again: earlier tries have
    ended. None of another account than the one with which it is sent now.
    """
    found: dict[UUID, list[str]] = {row.id: [] for row in rows}
    carriers = carriers_of(session, rows)
    waiting = {row.id for row in rows if row.provider_fax_id.startswith(OWN)}
    for fax_id, account_id, reference in session.execute(
        select(ReferenceRow.fax_id, ReferenceRow.account_id, ReferenceRow.reference)
        .where(
            ReferenceRow.fax_id.in_(found),
            ReferenceRow.shared.is_(False),
            ReferenceRow.reference.not_like(f"{OWN}%"),
        )
        .order_by(ReferenceRow.reference)
    ):
        if fax_id not in waiting and account_id == carriers[fax_id]:
            found[fax_id].append(reference)
    main = {row.id: row.provider_fax_id for row in rows}
    return {
        fax_id: sorted(ids, key=lambda each: each != main[fax_id]) for fax_id, ids in found.items()
    }


def carriers_of(session: Session, rows: Collection[FaxRow]) -> dict[UUID, UUID]:
    """The account with which each of these faxes is sent now, or was received."""
    sent = find_carriers(session, [row.id for row in rows])
    return {row.id: sent.get(row.id, row.account_id) for row in rows}


def hasten(session: Session, now: datetime) -> None:
    """Have every fax that is on its way asked about at once, where it can be."""
    under_way = select(FaxRow.id).where(FaxRow.outcome == Outcome.PENDING)
    session.execute(
        update(PollRow)
        .where(
            PollRow.due_at > now,
            PollRow.account_id.in_(select(AskingRow.account_id)),
            PollRow.fax_id.in_(under_way),
        )
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def _lease(session: Session, fax_ids: Collection[UUID], lease: Lease) -> None:
    if fax_ids:
        taken = {"leased_until": lease.until, "leased_by": lease.by}
        session.execute(update(PollRow).where(PollRow.fax_id.in_(fax_ids)).values(**taken))


def _due(account_id: UUID, now: datetime) -> tuple[Any, ...]:
    free = or_(PollRow.leased_until.is_(None), PollRow.leased_until <= now)
    return PollRow.account_id == account_id, PollRow.due_at <= now, free


def _row(fax_id: UUID, account_id: UUID, **values: Any) -> dict[str, Any]:
    return {"fax_id": fax_id, "account_id": account_id, **_EMPTY, **values}
