"""The way from a provider's ids to a fax."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.orm import Session

from faxhooks.db.models import ReferenceRow
from faxhooks.db.upsert import insert

Key = tuple[UUID, str]
"""An account and an id that identifies a fax in it."""

_REFERENCES: Any = ReferenceRow.__table__
_FIND = select(_REFERENCES.c.account_id, _REFERENCES.c.reference, _REFERENCES.c.fax_id).where(
    tuple_(_REFERENCES.c.account_id, _REFERENCES.c.reference).in_(bindparam("keys")),
    ~_REFERENCES.c.shared,
)
_CLAIM = insert(ReferenceRow, "DO NOTHING")


def find_faxes(session: Session, keys: Collection[Key]) -> dict[Key, UUID]:
    """The faxes that these ids identify; unknown ids are left out."""
    if not keys:
        return {}
    rows = session.execute(_FIND, {"keys": sorted(keys)})
    return {(account_id, reference): fax_id for account_id, reference, fax_id in rows}


def add_references(session: Session, faxes: Mapping[Key, UUID], *, shared: bool) -> int:
    """Claim ids for faxes and say how many we got; another may have been quicker.

    Claimed in one fixed order, so that two transactions wait for each other in one
    direction only.
    """
    if not faxes:
        return 0
    rows = [
        {"account_id": key[0], "reference": key[1], "fax_id": faxes[key], "shared": shared}
        for key in sorted(faxes)
    ]
    claimed: Any = session.execute(_CLAIM, rows)
    return int(claimed.rowcount)


def move_references(session: Session, faxes: Iterable[UUID], to: UUID) -> None:
    """Let the ids of these faxes lead to another one; ids it shares already stay behind."""
    held = select(ReferenceRow.reference).where(ReferenceRow.fax_id == to)
    session.execute(
        update(ReferenceRow)
        .where(ReferenceRow.fax_id.in_(list(faxes)), ReferenceRow.reference.not_in(held))
        .values(fax_id=to)
    )


def list_references(session: Session, fax_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Every id of each of these faxes, in alphabetical order."""
    found: dict[UUID, list[str]] = {fax_id: [] for fax_id in fax_ids}
    rows: Any = session.execute(
        select(ReferenceRow.fax_id, ReferenceRow.reference)
        .where(ReferenceRow.fax_id.in_(fax_ids))
        .order_by(ReferenceRow.reference)
    )
    for fax_id, reference in rows:
        found[fax_id].append(reference)
    return found
