"""What came of handing a fax to its provider becomes history, and says what is done next."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy.orm import Session

from faxhooks.db.faxes import Home
from faxhooks.db.sendmodels import SendRow
from faxhooks.db.sends import SendState, settle_send
from faxhooks.domain.fax import (
    Evidence,
    FaxError,
    FaxEvent,
    FaxStatus,
    Reference,
    Source,
)
from faxhooks.providers.asking import ProviderError, Sighting
from faxhooks.providers.sending import InvalidOrderError
from faxhooks.services.claiming import Fact
from faxhooks.services.directory import Entrance
from faxhooks.services.recording import record
from faxhooks.services.retrying import Persistence
from faxhooks.services.sightings import take_in

_MOST_DETAIL: Final = 500


@dataclass(frozen=True, slots=True)
class Case:
    """A send that is locked by the caller, whose transaction it is, and what time it is."""

    session: Session
    carrier: Entrance
    row: SendRow
    now: datetime

    @property
    def followed_at(self) -> datetime | None:
        """From when on its end is waited for; None where nothing would follow from that."""
        return None if Persistence.of(self.row.content).is_none else self.now

    def record(self, event: FaxEvent) -> None:
        """Enter it into the history; the fax may turn out to be one that a callback has made."""
        home = Home(self.carrier.account.id, self.carrier.account.provider)
        (recorded,) = record(self.session, [Fact(home, event)])
        if recorded.fax_id != self.row.fax_id:
            self.row.fax_id = recorded.fax_id

    def event(self, what: str, status: FaxStatus | None, detail: str) -> FaxEvent:
        """A fact of our own about it; `what` tells it apart from the others."""
        return FaxEvent(
            digest=sha256(f"{what}\0{self.row.tries}\0{self.row.own_id}".encode()).digest(),
            references=(Reference(self.row.own_id),),
            received_at=self.now,
            status=status,
            source=Source.SEND,
            evidence=Evidence.OWN,
            detail=detail[:_MOST_DETAIL],
        )


def taken(case: Case, event: FaxEvent) -> None:
    """The provider has it: from now on it is known by the provider's own ids too.

    The time of its answer lets the provider's main id come first.
    """
    at = event.occurred_at or event.received_at
    references = (*event.references, Reference(case.row.own_id))
    case.record(event._replace(references=references, occurred_at=at))
    settle_send(case.row, SendState.SENT, case.followed_at, None)


def found(case: Case, sighting: Sighting, release: str) -> None:
    """It is in the provider's list after all; what that says is recorded as well."""
    take_in(case.session, case.carrier, [sighting], release)
    event = case.event("found", FaxStatus.QUEUED, "found in the provider's list")
    taken(case, event._replace(references=sighting.events[0].references))


def refused(case: Case, error: ProviderError | InvalidOrderError) -> None:
    """It was not sent, and sending it again would not help: that is its end."""
    event = case.event("refused", FaxStatus.FAILED, str(error))
    if isinstance(error, ProviderError):
        ids = (*error.references, Reference(case.row.own_id))
        event = event._replace(references=ids, reason=error.reason or "unknown")
        event = event._replace(error=FaxError(error.code, str(error)[:_MOST_DETAIL]))
    else:
        event = event._replace(reason=error.faults[0].reason)
    case.record(event)
    settle_send(case.row, SendState.NOT_SENT, case.followed_at, str(error))


def doubted(case: Case, error: ProviderError, due_at: datetime) -> None:
    """Nobody knows whether the provider has it. It is looked for, and not sent again."""
    event = case.event("doubted", None, f"outcome unknown: {error}")
    case.record(event._replace(references=(*error.references, *event.references)))
    settle_send(case.row, SendState.SUBMITTING, due_at, str(error))


def abandoned(case: Case) -> None:
    """Whoever was handing it over has died, or could not write down what came of it."""
    said = "outcome unknown: it was being handed over, and nobody could say what came of that"
    case.record(case.event("doubted", None, said))
    case.row.error = said


def absent(case: Case) -> None:
    """The provider's list does not have it, so that it may be sent again."""
    case.record(case.event("absent", None, "not in the provider's list: it is sent again"))
    settle_send(case.row, SendState.WAITING, case.now, None)


def unsure(case: Case, why: str) -> None:
    """Only a person can tell, by asking the provider or the recipient."""
    said = f"outcome unknown: {why}; ask the provider or the recipient before sending it again"
    case.record(case.event("unsure", FaxStatus.UNCONFIRMED, said))
    settle_send(case.row, SendState.UNSURE, None, why)


def withdrawn(case: Case) -> None:
    """It was canceled before any provider heard of it."""
    event = case.event("withdrawn", FaxStatus.CANCELED, "canceled before it was sent")
    case.record(event._replace(source=Source.OPERATOR, reason="user.canceled"))
    settle_send(case.row, SendState.NOT_SENT, None, None)
