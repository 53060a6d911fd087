"""Who did or saw what an auditor will ask for, in the transaction in which it happened."""

import os
import pwd
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db.audit import add_audit
from faxhooks.scrubbing import scrub, scrubbed

SYSTEM: Final = "system"
"""The actor where no person asked: what the service does for itself."""

MAX_ACTOR: Final = 200


class Action(StrEnum):
    """What is audited; the subject says of which object."""

    CALLBACK_READ = "callback.read"
    CALLBACKS_REPLAYED = "callbacks.replayed"
    FAXES_EXPORTED = "faxes.exported"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_ROTATED = "account.rotated"
    ACCOUNT_DROPPED_OLD = "account.dropped_old"
    ACCOUNT_RESEALED = "account.resealed"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"


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


def key_actor(key_id: UUID, label: str) -> str:
    """Who asks through the API: a key, by its id and the name people gave it."""
    return f"key:{key_id} {label}"


def unix_actor() -> str:
    """Who types a command: the account of the machine, which unlike a variable is not claimed."""
    uid = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(uid).pw_name}"
    except KeyError:  # Containers run under numbers that have no name.
        return f"cli:{uid}"
