"""All that is kept of an account, so that two accounts with the same story can be compared."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from faxhooks.db.models import CallbackRow, EventRow, FaxRow, ReferenceRow, Row, TagRow

Rows = dict[str, list[dict[str, Any]]]


def read_rows(session: Session, account_id: UUID) -> Rows:
    """Every row about this account's faxes, in orders that only their story decides.

    Ids are made anew for every account: each is named by when it first appears. Numbers of
    the feed, which goes over all accounts, are counted from the account's first.
    """
    faxes = select(FaxRow.id).where(FaxRow.account_id == account_id)
    asked: dict[type[Row], tuple[Any, ...]] = {
        FaxRow: (FaxRow.account_id == account_id, FaxRow.id),
        CallbackRow: (CallbackRow.account_id == account_id, CallbackRow.received_at),
        EventRow: (EventRow.fax_id.in_(faxes), EventRow.change),
        ReferenceRow: (ReferenceRow.account_id == account_id, ReferenceRow.reference),
        TagRow: (TagRow.fax_id.in_(faxes), TagRow.name),
    }
    rows = {
        table.__tablename__: _list(session, select(table.__table__).where(where).order_by(order))
        for table, (where, order) in asked.items()
    }
    _number_from_first(rows[EventRow.__tablename__])
    return _named(rows)


def _list(session: Session, statement: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(statement).mappings()]


def _number_from_first(events: list[dict[str, Any]]) -> None:
    for event in reversed(events):
        event["change"] -= events[0]["change"]


def _named(rows: Rows) -> Rows:
    names: dict[UUID, str] = {}
    for row in (row for table in rows.values() for row in table):
        for column, value in row.items():
            if isinstance(value, UUID):
                row[column] = names.setdefault(value, f"id {len(names)}")
    return rows
