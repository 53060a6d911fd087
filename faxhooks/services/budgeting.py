"""How many requests an account's provider may be sent now, and when it is left alone."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.askings import Pace, fill, lock_asking
from faxhooks.db.pollmodels import AskingRow
from faxhooks.providers.asking import (
    CredentialsError,
    ProviderError,
    RefusedError,
    ThrottledError,
)
from faxhooks.providers.base import PACE
from faxhooks.services.directory import Entrance

THROTTLED: Final = timedelta(minutes=1)
"""How long a provider is left alone that asks for it without naming a time."""

REFUSED: Final = timedelta(minutes=15)
"""How long until credentials that were refused are tried again."""

_LONGEST_PAUSE: Final = 300.0


def pace_of(entrance: Entrance) -> Pace:
    """The account's budget."""
    return Pace(int(entrance.provider.value(entrance.account.config, PACE) or 60))


def reserve(session: Session, account_id: UUID, pace: Pace, wanted: float, now: datetime) -> float:
    """Take so much of the budget as there is; 0 while the provider is left alone."""
    asking = lock_asking(session, account_id)
    if asking is None or is_paused(asking, now):
        return 0.0
    fill(asking, pace, now)
    taken = min(wanted, asking.tokens)
    if taken < 1:
        return 0.0
    asking.tokens -= taken
    return taken


def give_back(session: Session, account_id: UUID, unused: float) -> None:
    """Return what was reserved and not used."""
    asking = lock_asking(session, account_id)
    if asking is not None:
        asking.tokens += unused


def is_paused(asking: AskingRow, now: datetime) -> bool:
    """Whether the provider is left alone for now."""
    return asking.paused_until is not None and asking.paused_until > now


def note_calls(  # noqa: PLR0913 (what was asked for, what it took, and what came of it)
    session: Session,
    account_id: UUID,
    *,
    calls: float,
    reserved: float,
    error: ProviderError | None,
    now: datetime,
) -> None:
    """Settle what was reserved with what was used, and pause where the answer says so."""
    asking = lock_asking(session, account_id)
    if asking is None:
        return
    asking.tokens -= calls - reserved
    if error is None or isinstance(error, RefusedError):
        asking.failures, asking.refused_at = 0, None
        return
    asking.failures += 1
    asking.error, asking.error_at = str(error), now
    asking.refused_at = now if isinstance(error, CredentialsError) else None
    asking.paused_until = max(now + _pause(error, asking.failures), asking.paused_until or now)


def _pause(error: ProviderError, failures: int) -> timedelta:
    if isinstance(error, CredentialsError):
        return REFUSED
    if isinstance(error, ThrottledError):
        return THROTTLED if error.after is None else timedelta(seconds=error.after)
    longest = timedelta(seconds=min(_LONGEST_PAUSE, 2.0 ** min(failures, 10)))
    return longest if error.after is None else max(longest, timedelta(seconds=error.after))
