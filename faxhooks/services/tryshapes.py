"""Our own tries at a fax that is sent from here, as a fax that is shown alone tells of them."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from faxhooks.db.faxes import get_fax
from faxhooks.db.history import list_entries
from faxhooks.db.models import AccountRow
from faxhooks.db.references import OWN
from faxhooks.db.sendmodels import SendRow
from faxhooks.db.sends import SendState, find_send
from faxhooks.domain.fax import FaxState, Outcome
from faxhooks.domain.lifecycle import fold
from faxhooks.domain.tries import split
from faxhooks.services.jsonfields import Moment, ReasonField, about
from faxhooks.services.redialing import tried
from faxhooks.services.shapes import moment_json, reason_json


class TryAccountSchema(Schema):
    """Whose try it was."""

    id = fields.UUID(metadata=about("The account's id."))
    label = fields.String(metadata=about("The name its owner gave the account."))


class TrySchema(Schema):
    """One time that a fax was handed over, and what came of that."""

    number = fields.Integer(metadata=about("Which try it is, from 1 on."))
    account = fields.Nested(TryAccountSchema, metadata=about("With which account."))
    provider_fax_id = fields.String(
        allow_none=True, metadata=about("The provider's id for it; null until it named one.")
    )
    status = fields.String(metadata=about("Where it stands, or how it ended."))
    outcome = fields.String(metadata=about("Whether it arrived by this try."))
    reason = ReasonField(allow_none=True, metadata=about("Why it did not."))
    began_at = Moment(metadata=about("When it was entered."))
    finished_at = Moment(allow_none=True, metadata=about("When it ended; null while open."))


def tries_json(session: Session, fax_id: UUID) -> dict[str, Any]:
    """`tries` and `next_try_at`; of a fax that was not sent from here none."""
    row = find_send(session, fax_id)
    if row is None:
        return {"tries": [], "next_try_at": None}
    events = [entry.event for entry in list_entries(session, [fax_id])[fax_id]]
    states = {number: fold(each) for number, each in split(events).items()}
    accounts = dict(enumerate(tried(row), start=1))
    shown = [
        _try_json(session, number, accounts.get(number, row.account_id), states[number])
        for number in sorted(states)
    ]
    return {"tries": shown, "next_try_at": moment_json(_next_at(session, row, len(accounts)))}


def _try_json(session: Session, number: int, account_id: UUID, state: FaxState) -> dict[str, Any]:
    label = session.get_one(AccountRow, account_id).label
    known = state.provider_fax_id
    return {
        "number": number,
        "account": {"id": str(account_id), "label": label},
        "provider_fax_id": None if known.startswith(OWN) else known,
        "status": state.status,
        "outcome": state.status.outcome,
        "reason": reason_json(state.reason),
        "began_at": moment_json(state.created_at),
        "finished_at": moment_json(state.finished_at),
    }


def _next_at(session: Session, row: SendRow, tries: int) -> Any:
    """When a further try is handed over, while it waits for that."""
    waits = row.state == SendState.WAITING and tries > 1
    open_ = get_fax(session, row.fax_id).outcome == Outcome.PENDING
    return row.due_at if waits and open_ else None
