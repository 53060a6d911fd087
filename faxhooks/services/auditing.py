"""Who did or saw what an auditor will ask for, in the transaction in which it happened."""

import os
import pwd
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from marshmallow import Schema, fields
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db.audit import add_audit
from faxhooks.db.models import AuditRow
from faxhooks.scrubbing import scrub, scrubbed
from faxhooks.services.jsonfields import Moment

SYSTEM: Final = "system"
"""The actor where no person asked: what the service does for itself."""

MAX_ACTOR: Final = 200


class Action(StrEnum):
    """What is audited; the subject says of which object."""

    CALLBACK_READ = "callback.read"
    CALLBACKS_REPLAYED = "callbacks.replayed"
    CALLBACKS_PURGED = "callbacks.purged"
    FAXES_EXPORTED = "faxes.exported"
    FAX_TAGGED = "fax.tagged"
    FAX_ORDERED = "fax.ordered"
    FAX_CANCELED = "fax.canceled"
    FAX_RESENT = "fax.resent"
    FAX_REFRESHED = "fax.refreshed"
    FAXES_RECONCILED = "faxes.reconciled"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_ROTATED = "account.rotated"
    ACCOUNT_DROPPED_OLD = "account.dropped_old"
    ACCOUNT_RESEALED = "account.resealed"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    ACCOUNT_WATCHED = "account.watched"
    ACCOUNT_CONNECTED = "account.connected"
    ACCOUNT_DISCONNECTED = "account.disconnected"
    USER_ADDED = "user.added"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_PASSWORD_SET = "user.password_set"  # noqa: S105 (a word, not a password)
    SESSION_STARTED = "session.started"
    SESSION_REFUSED = "session.refused"
    SESSION_ENDED = "session.ended"


def note(session: Session, actor: str, action: Action, subject: str, **detail: Any) -> None:
    """Write down that `actor` did `action` to `subject`, with what explains it.

    Committed or undone with the deed itself. Name objects by their ids: an audit outlives
    what it speaks of, so whatever looks like a secret or a number is masked.
    """
    add_audit(
        session,
        {
            "id": uuid7(),
            "at": datetime.now(UTC),
            "actor": scrub(actor)[:MAX_ACTOR],
            "action": action,
            "subject": scrub(subject),
            "detail": scrubbed(detail),
        },
    )


class AuditSchema(Schema):
    """Who did or saw what, and when."""

    id = fields.UUID(metadata={"description": "The row's id."})
    at = Moment(metadata={"type": "string", "format": "date-time", "description": "When."})
    actor = fields.String(
        metadata={
            "description": "`key:ID label`, `user:ID name`, `cli:USER`, or `system` for the "
            "service itself."
        }
    )
    action = fields.String(metadata={"enum": list(Action), "description": "What was done."})
    subject = fields.String(metadata={"description": "To which object, as `callback:ID`."})
    detail = fields.Dict(
        keys=fields.String(),
        metadata={"description": "What explains it; secrets and numbers are masked."},
    )


class AuditPageSchema(Schema):
    """A page of the audit, newest first."""

    data = fields.List(fields.Nested(AuditSchema))
    next_cursor = fields.String(
        allow_none=True, metadata={"description": "`cursor` of the next page; null on the last."}
    )


def audit_json(row: AuditRow) -> dict[str, Any]:
    """A row of the audit, for the API and commands."""
    shown: dict[str, Any] = _AUDIT.dump(row)
    return shown


_AUDIT: Final = AuditSchema()


def unix_actor() -> str:
    """Who types a command: the account of the machine, which unlike a variable is not claimed."""
    uid = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(uid).pw_name}"
    except KeyError:  # Containers run under numbers that have no name.
        return f"cli:{uid}"
