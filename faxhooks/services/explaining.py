"""Why requests to hooks are refused, and what to do about it, in words for people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.accounts import list_accounts
from faxhooks.db.refusals import list_refused

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)

CAUSES: Final[Mapping[str, tuple[str, str]]] = {
    "mismatch": (
        "The signature does not match",
        "A key was changed at the provider, the public address is not what the provider calls, "
        "or somebody tries. The account's set-up page finds out which.",
    ),
    "missing": (
        "There was no signature",
        "It is not the provider, or a proxy takes headers away. The set-up page shows which came.",
    ),
    "malformed": (
        "No provider sends such a request",
        "Somebody tries, or a proxy changes what is sent.",
    ),
    "ambiguous": (
        "The signature is right, but was made for other fields",
        "Somebody tries to reuse a signature; nothing of it was believed.",
    ),
    "unknown_token": (
        "Nobody has this hook URL, or it is disabled",
        "An old or mistyped URL is registered at a provider. Copy it from the account anew.",
    ),
    "unavailable": (
        "The database did not answer",
        "The provider was asked to try again. What it gave up on is found by asking it.",
    ),
    "413": ("The body was too large", "No provider documents callbacks of over 64 kB."),
    "400": ("The body ended early", "The connection broke; a provider tries again."),
    "405": ("Another method than GET and POST", "No provider calls like that; somebody looks."),
    "internal": ("Something broke here", "The log has the traceback; please report it."),
}
"""Each cause we count by: what it is, and what to make of it."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Refused requests of one cause, of one account if it is known."""

    cause: str
    account_id: UUID | None
    account: str | None
    day: int
    week: int

    @property
    def words(self) -> tuple[str, str]:
        """What it is, and what to make of it."""
        return CAUSES.get(self.cause, (f"Refused with {self.cause}", ""))


def tally_refusals(
    session: Session, now: datetime, *, visible: Collection[UUID] | None
) -> Sequence[Tally]:
    """What was refused within a week, the most frequent of today first."""
    labels = {row.id: row.label for row in list_accounts(session)}
    hour = now.replace(minute=0, second=0, microsecond=0)
    today = {
        (each.account_id, each.cause): each.requests
        for each in list_refused(session, hour - _DAY, visible=visible)
    }
    found = [
        Tally(
            each.cause,
            each.account_id if each.account_id in labels else None,
            labels.get(each.account_id),
            today.get((each.account_id, each.cause), 0),
            each.requests,
        )
        for each in list_refused(session, hour - _WEEK, visible=visible)
    ]
    return sorted(found, key=lambda each: (-each.day, -each.week))
