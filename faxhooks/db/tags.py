"""Tags: kept with the fax for showing, and in a table of their own for finding.

Both are written in one transaction, under the lock on the fax's row.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from faxhooks.db.models import FaxRow, TagRow


def lock_tagged(session: Session, fax_id: UUID) -> FaxRow | None:
    """The fax as it is now, locked until the transaction ends; None where there is none."""
    statement = select(FaxRow).where(FaxRow.id == fax_id).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def set_tags(session: Session, fax: FaxRow, tags: Mapping[str, str]) -> None:
    """Let the fax, which the caller has locked, have these tags and no others."""
    session.execute(delete(TagRow).where(TagRow.fax_id == fax.id))
    if tags:
        own = {"fax_id": fax.id, "created_at": fax.created_at}
        rows = [{**own, "name": name, "value": tags[name]} for name in sorted(tags)]
        session.execute(insert(TagRow), rows)
    fax.tags = {name: tags[name] for name in sorted(tags)}


def inherit_tags(session: Session, fax_ids: Collection[UUID], heir: UUID) -> None:
    """Give the heir what tags it lacks of these faxes', whose own can be found no more.

    The caller has locked all of them. Of several values of one name the oldest fax's stays.
    """
    statement = select(FaxRow).where(FaxRow.id.in_([heir, *fax_ids])).order_by(FaxRow.id.desc())
    found = session.scalars(statement.execution_options(populate_existing=True))
    rows = {row.id: row for row in found}
    if not any(rows[fax_id].tags for fax_id in fax_ids):
        return
    tags: dict[str, str] = {}
    for row in rows.values():
        tags |= row.tags
    set_tags(session, rows[heir], tags | rows[heir].tags)
    session.execute(delete(TagRow).where(TagRow.fax_id.in_(fax_ids)))


def follow_faxes(session: Session, fax_ids: Collection[UUID]) -> None:
    """Let the tags of these faxes, whose `created_at` has moved, lie where the faxes do."""
    if fax_ids:
        moved = select(FaxRow.created_at).where(FaxRow.id == TagRow.fax_id).scalar_subquery()
        statement = update(TagRow).where(TagRow.fax_id.in_(fax_ids)).values(created_at=moved)
        session.execute(statement.execution_options(synchronize_session=False))
