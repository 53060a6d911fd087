"""Fax rows: the projection of a history, and the queries that ask for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from faxhooks.db.batches import Insert, Select
from faxhooks.db.models import FaxRow
from faxhooks.domain.errors import NotFoundError
from faxhooks.domain.fax import FaxState

_FAXES: Any = FaxRow.__table__
_KEPT: Final = {"id", "account_id", "provider", "tags", "expected_at", "merged_into"}
"""What no event changes once the fax is there."""
_PROJECTED: Final = [column.name for column in _FAXES.c if column.name not in _KEPT]
_LOCK = Select((_FAXES.c.id, _FAXES.c.merged_into), _FAXES.c.id, order_by="id", locks=True)
SAVE: Final = Insert(
    FaxRow,
    f"(id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _PROJECTED)} "
    "WHERE faxes.merged_into IS NULL",
)


@dataclass(frozen=True, slots=True)
class Home:
    """The account that a fax belongs to."""

    account_id: UUID
    provider: str


def lock_faxes(session: Session, fax_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Lock these rows, in one fixed order, and say into which fax each was merged, if any."""
    if not fax_ids:
        return {}
    return {row.id: row.merged_into for row in _LOCK.run(session, fax_ids)}


def save_faxes(session: Session, faxes: Mapping[UUID, tuple[Home, FaxState]]) -> None:
    """Project these states onto their rows: new ones, or those that the caller has locked."""
    SAVE.run(session, fax_rows(faxes))


def fax_rows(faxes: Mapping[UUID, tuple[Home, FaxState]]) -> list[dict[str, Any]]:
    """The rows that `SAVE` takes."""
    return [
        {
            "id": fax_id,
            "account_id": home.account_id,
            "provider": home.provider,
            "tags": {},
            "expected_at": None,
            "merged_into": None,
            **_projection(state),
        }
        for fax_id, (home, state) in faxes.items()
    ]


def mark_merged(session: Session, fax_ids: Collection[UUID], into: UUID) -> None:
    """Leave a signpost where a fax turned out to be another one."""
    session.execute(update(FaxRow).where(FaxRow.id.in_(fax_ids)).values(merged_into=into))
    session.execute(update(FaxRow).where(FaxRow.merged_into.in_(fax_ids)).values(merged_into=into))


def get_fax(session: Session, fax_id: UUID, *, accounts: Collection[UUID] | None = None) -> FaxRow:
    """One fax, found under the id of any fax merged into it; raises NotFoundError.

    `accounts` limits what the caller may see; None is everything.
    """
    row = session.get(FaxRow, fax_id)
    if row is not None and row.merged_into is not None:
        row = session.get(FaxRow, row.merged_into)
    if row is None or (accounts is not None and row.account_id not in accounts):
        raise NotFoundError("there is no such fax")
    return row


def _projection(state: FaxState) -> dict[str, Any]:
    sender, recipient = state.sender, state.recipient
    return {
        "provider_fax_id": state.provider_fax_id,
        "direction": state.direction,
        "sender": sender and sender.value,
        "sender_raw": sender and sender.raw,
        "recipient": recipient and recipient.value,
        "recipient_raw": recipient and recipient.raw,
        "status": state.status,
        "outcome": state.status.outcome,
        "provider_status": state.provider_status,
        "reason": state.reason,
        "error_code": state.error and state.error.code,
        "error_message": state.error and state.error.message,
        "evidence": state.evidence,
        "flags": state.flags,
        "pages": state.pages,
        "duration": state.duration,
        "cost_amount": state.cost and state.cost.amount,
        "cost_unit": state.cost and state.cost.unit,
        "media_url": state.media_url,
        "remote_station_id": state.remote_station_id,
        "events": state.events,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
        "finished_at": state.finished_at,
        "seconds_to_final": state.seconds_to_final,
        "next_poll_at": state.updated_at if state.asks_poll else None,
    }
