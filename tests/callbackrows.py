"""Callbacks as the database keeps them, for tests that need many."""

from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from faxhooks.domain.fax import Evidence, Verdict


def callback_row(account_id: UUID, received_at: datetime, **more: Any) -> dict[str, Any]:
    """One that was understood and applied, unless `more` says otherwise."""
    callback_id = uuid7()
    return {
        "id": callback_id,
        "account_id": account_id,
        "digest": callback_id.bytes[::-1],
        "method": "POST",
        "path": "/hooks/faxplus/token",
        "query": "",
        "headers": {},
        "body": b"{}" * 100,
        "received_at": received_at,
        "last_seen_at": received_at,
        "seen": 1,
        "evidence": Evidence.SIGNED,
        "verdict": Verdict.APPLIED,
        "reason": None,
        "release": "1",
        **more,
    }
