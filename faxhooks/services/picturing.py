"""What some work did to faxes: each as the API shows it, before and after."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from faxhooks.db.faxlists import Fax
from faxhooks.db.models import AccountRow, FaxRow
from faxhooks.db.references import list_references
from faxhooks.services.presenting import fax_json

Pictures = Mapping[UUID, Mapping[str, Any]]
"""Faxes by their ids, as JSON; `merged_into` is added where it is set."""


@dataclass(frozen=True, slots=True)
class FaxChange:
    """A fax that is not what it was.

    `status_before` is None for a fax that was not known before; `changes` has the values
    before and after of each field that differs, None before for a new fax.
    """

    fax_id: UUID
    status_before: str | None
    status_after: str
    changes: dict[str, dict[str, Any]]


def take_pictures(session: Session, fax_ids: Collection[UUID]) -> Pictures:
    """These faxes as they stand in this transaction; unknown ones are left out."""
    if not fax_ids:
        return {}
    rows = session.execute(
        select(FaxRow.__table__, AccountRow.label)
        .join(AccountRow, AccountRow.id == FaxRow.account_id)
        .where(FaxRow.id.in_(fax_ids))
    ).all()
    references = list_references(session, [row.id for row in rows])
    return {row.id: _picture(Fax(row, row.label, references[row.id])) for row in rows}


def compare(before: Pictures, after: Pictures) -> list[FaxChange]:
    """The faxes that differ, in the order of their ids, which is that of their making."""
    changed = []
    for fax_id in sorted(after):
        old, new = before.get(fax_id, {}), after[fax_id]
        changes = {
            name: {"before": old.get(name), "after": new.get(name)}
            for name in {**new, **old}
            if old.get(name) != new.get(name)
        }
        if changes:
            changed.append(FaxChange(fax_id, old.get("status"), new["status"], changes))
    return changed


def _picture(fax: Fax) -> Mapping[str, Any]:
    into = fax.row.merged_into
    shown = fax_json(fax)
    return shown if into is None else {**shown, "merged_into": str(into)}
