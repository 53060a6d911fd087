"""What can be done with a fax now, as far as is known without asking its provider."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.faxes import get_fax
from faxhooks.db.models import FaxRow
from faxhooks.db.sendmodels import SendRow
from faxhooks.db.sends import SendState
from faxhooks.domain.errors import NotFoundError
from faxhooks.domain.fax import Direction, Outcome
from faxhooks.services.carriers import Carriers
from faxhooks.services.desks import Desks
from faxhooks.services.parts import Parts


class Doing(StrEnum):
    """What a person may ask for, beside looking.

    Sending again is for what has ended; what may have arrived is sent again by force only.
    """

    REFRESH = "refresh"
    CANCEL = "cancel"
    RESEND = "resend"


@dataclass(frozen=True, slots=True)
class _Account:
    """What a fax's account is able to do."""

    asks: bool = False
    sends: bool = False
    cancels: bool = False


def list_doings(
    parts: Parts, fax_id: UUID, *, accounts: Collection[UUID] | None
) -> frozenset[Doing]:
    """What makes sense to offer; doing it says finally whether it can be done. Raises
    NotFoundError.
    """

    def find(session: Session) -> tuple[FaxRow, SendRow | None]:
        fax = get_fax(session, fax_id, accounts=accounts)
        return fax, session.get(SendRow, fax.id)

    fax, send = parts.database.read(find)
    account = _Account()
    with suppress(NotFoundError):  # Its provider is one that only another release knows.
        account = _look_at(parts, fax.account_id)
    able = {
        Doing.REFRESH: account.asks,
        Doing.CANCEL: _can_cancel(fax, send, account),
        Doing.RESEND: send is not None and account.sends and fax.outcome != Outcome.PENDING,
    }
    return frozenset(doing for doing, can in able.items() if can)


def _look_at(parts: Parts, account_id: UUID) -> _Account:
    carriers = Carriers(parts)
    carrier = carriers.get(account_id)
    on, asks = carrier.account.disabled_at is None, Desks(parts).of(carrier).terms.askable
    with carriers.sender(carrier) as sender:
        cancels = sender is not None and sender.abilities.cancels
        return _Account(asks=asks, sends=on and sender is not None, cancels=asks and cancels)


def _can_cancel(fax: FaxRow, send: SendRow | None, account: _Account) -> bool:
    """Here while it waits here; else at the provider, once it has the fax."""
    if fax.direction == Direction.INBOUND or fax.outcome != Outcome.PENDING:
        return False
    if send is not None and send.state == SendState.WAITING:
        return True
    return account.cancels and (send is None or send.state != SendState.SUBMITTING)
