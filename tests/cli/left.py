"""Callbacks as they lie in the inbox after something went wrong, or long ago."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from faxhooks.db.models import CallbackRow
from tests.story import Service


def leave_unread(
    service: Service,
    fax: str,
    status: str,
    *,
    release: str,
    reason: str = "unknown status: then",
    **changes: Any,
) -> UUID:
    """A `fax_sent` hook that another release kept without understanding it; its id."""
    said = {"hook": {"id": fax, "event": "fax_sent"}, "data": {"id": fax, "status": status}}
    now = datetime.now(UTC)
    values = {
        "id": uuid7(),
        "account_id": service.hook.faxplus_account.id,
        "digest": f"raw {fax} {status}".encode(),
        "method": "POST",
        "path": "/hooks/faxplus/{token}",
        "query": "",
        "headers": {"content-type": "application/json"},
        "body": json.dumps(said).encode(),
        "received_at": now,
        "last_seen_at": now,
        "seen": 1,
        "evidence": "unsigned",
        "verdict": "unrecognized",
        "reason": reason,
        "release": release,
    }
    row = CallbackRow(**{**values, **changes})
    service.parts.database.write(lambda session: session.add(row))
    return row.id
