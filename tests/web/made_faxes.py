"""Fax rows made by the thousand, without the callbacks that would make them."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from faxhooks.db.engine import Database
from faxhooks.db.models import FaxRow
from faxhooks.domain.fax import FaxStatus

BEGIN: Final = datetime(2026, 2, 26, tzinfo=UTC)
"""A Thursday, with the end of a month and of a week behind it."""

NUMBERS: Final = (
    *("+13105550101", "+13105550102", "+18685550100", "+78005550100", "+442079460000"),
    *("+4930123456", "+35315550100", "+8613800000000", "+87812345678", "+999123456789"),
    *("fax@example.com", "unknown", "", "+", "3105550101", None),
)
# The last instants of a span belong to it, however near the next one is.
_EDGES: Final = (0, 1, 3_599_999_999, 3_599_999_600, 86_399_999_999, 86_399_999_500)


def made_fax(account_id: UUID, provider: str, **changes: Any) -> dict[str, Any]:
    """The columns of a fax that was delivered at noon, but for the changes."""
    status = FaxStatus(changes.get("status", FaxStatus.DELIVERED))
    fax_id = uuid7()
    moment = changes.get("created_at", BEGIN + timedelta(hours=12))
    columns: dict[str, Any] = {column.name: None for column in FaxRow.__table__.c}
    columns |= {
        "id": fax_id,
        "account_id": account_id,
        "provider": provider,
        "provider_fax_id": str(fax_id),
        "direction": "outbound",
        "recipient": "+13105550101",
        "sender": "+12125550100",
        "status": status,
        "outcome": status.outcome,
        "evidence": "signed",
        "flags": frozenset(),
        "tags": {},
        "events": 1,
        "created_at": moment,
        "updated_at": moment,
        "finished_at": moment if status.is_final else None,
    }
    return {**columns, **changes}


def drawn_fax(dice: random.Random, account_id: UUID, provider: str) -> dict[str, Any]:
    """Any fax of some weeks."""
    microseconds = dice.choice([*_EDGES, dice.randrange(86_400_000_000)])
    moment = BEGIN + timedelta(days=dice.randrange(20), microseconds=microseconds)
    status = dice.choice(list(FaxStatus))
    reasons = [None, "line.busy", "line.no_answer", "unknown"]
    return made_fax(
        account_id,
        provider,
        status=status,
        created_at=moment,
        direction=dice.choice(["outbound", "outbound", "inbound", None]),
        recipient=dice.choice(NUMBERS),
        reason=dice.choice(reasons) if status.outcome == "failure" else None,
        pages=dice.choice([None, 0, 1, 12]),
        seconds_to_final=dice.choice([None, 0.0, 7.25, dice.uniform(1, 900)])
        if status.is_final
        else None,
        merged_into=uuid7() if dice.random() < 0.1 else None,
    )


def add_faxes(database: Database, faxes: Sequence[dict[str, Any]]) -> None:
    """Keep these rows."""
    database.write(lambda session: session.execute(insert(FaxRow), list(faxes)), seconds=60)
