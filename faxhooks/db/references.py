"""The way from a provider's ids to a fax."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import GenericFunction

from faxhooks.db.batches import Insert, Select
from faxhooks.db.models import FaxRow, ReferenceRow
from faxhooks.db.types import SortedTexts

Key = tuple[UUID, str]
"""An account and an id that identifies a fax in it."""

OWN: Final = "own:"
"""What an id begins with that is ours: a fax sent from here has one until its provider names
its own, and no provider knows it.
"""

_REFERENCES: Any = ReferenceRow.__table__
_FIND = Select(
    (_REFERENCES.c.account_id, _REFERENCES.c.reference, _REFERENCES.c.fax_id),
    _REFERENCES.c.reference,
    where="NOT shared",
)
_CLAIM = Insert(ReferenceRow, "DO NOTHING")
CLAIM: Final = Insert(ReferenceRow, "(reference, account_id, fax_id, shared) DO NOTHING")
"""The same, but that it is an IntegrityError when an id identifies another fax already."""


class _JsonList(GenericFunction[list[str]]):
    """The texts of a group as one JSON list, which is a text on PostgreSQL as well."""

    type = SortedTexts()
    inherit_cache = True


@compiles(_JsonList, "postgresql")
def _for_postgresql(function: _JsonList, compiler: Any, **options: Any) -> str:
    return f"CAST(json_agg({compiler.process(function.clauses, **options)}) AS text)"


@compiles(_JsonList, "sqlite")
def _for_sqlite(function: _JsonList, compiler: Any, **options: Any) -> str:
    return f"json_group_array({compiler.process(function.clauses, **options)})"


OF_FAX: Final = (
    select(_JsonList(ReferenceRow.reference))
    .where(ReferenceRow.fax_id == FaxRow.id)
    .correlate(FaxRow)
    .scalar_subquery()
)
"""Every id of a fax, selected beside it: a question for each thousand of them took longer."""


def find_faxes(session: Session, keys: Collection[Key]) -> dict[Key, UUID]:
    """The faxes that these ids identify; unknown ids are left out."""
    if not keys:
        return {}
    rows = _FIND.run(session, sorted({reference for _, reference in keys}))
    # Other accounts may have the same ids.
    found = {(account_id, reference): fax_id for account_id, reference, fax_id in rows}
    return {key: found[key] for key in keys if key in found}


def add_references(session: Session, faxes: Mapping[Key, UUID], *, shared: bool) -> int:
    """Claim ids for faxes and say how many we got; another may have been quicker.

    Claimed in one fixed order, so that two transactions wait for each other in one
    direction only.
    """
    return _CLAIM.run(session, reference_rows(faxes, shared=shared))


def reference_rows(faxes: Mapping[Key, UUID], *, shared: bool) -> list[dict[str, Any]]:
    """The rows that are inserted for them, in that order."""
    return [
        {"account_id": key[0], "reference": key[1], "fax_id": faxes[key], "shared": shared}
        for key in sorted(faxes)
    ]


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
