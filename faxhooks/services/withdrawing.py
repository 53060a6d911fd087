"""A fax is canceled: here while it waits, and at its provider while that allows it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.faxes import Home, get_fax
from faxhooks.db.faxlists import describe_fax
from faxhooks.db.models import FaxRow
from faxhooks.db.polls import list_ids
from faxhooks.db.sends import SendState, find_carriers, lock_send
from faxhooks.domain.errors import ConflictError
from faxhooks.domain.fax import (
    Direction,
    Evidence,
    FaxEvent,
    FaxStatus,
    Outcome,
    Reference,
    Source,
)
from faxhooks.providers.asking import ProviderError, RefusedError, Sighting
from faxhooks.services.auditing import Action, note
from faxhooks.services.carriers import Carriers
from faxhooks.services.claiming import Fact
from faxhooks.services.desks import Clock, Desks, utc_now
from faxhooks.services.directory import Entrance
from faxhooks.services.outcomes import Case, withdrawn
from faxhooks.services.parts import Parts
from faxhooks.services.recording import record
from faxhooks.services.redialing import is_followed, let_stand
from faxhooks.services.shapes import fax_json
from faxhooks.services.sightings import take_in


@dataclass(frozen=True, slots=True)
class _Found:
    """A fax that only its provider can cancel, by these ids."""

    fax_id: UUID
    ids: list[str]


class Withdrawals:
    """Cancels faxes; the provider is called outside of any transaction."""

    def __init__(self, parts: Parts, clock: Clock = utc_now) -> None:
        self._parts = parts
        self._carriers = Carriers(parts)
        self._desks = Desks(parts)
        self._clock = clock

    def cancel(
        self, fax_id: UUID, *, actor: str, visible: Collection[UUID] | None
    ) -> dict[str, Any]:
        """The fax as it then is. Raises NotFoundError, and ConflictError with why not."""
        database = self._parts.database
        seen = database.read(lambda session: get_fax(session, fax_id, accounts=visible))
        account_id = database.read(lambda s: find_carriers(s, [seen.id])).get(seen.id)
        carrier = self._carriers.get(account_id or seen.account_id)

        def here(session: Session) -> _Found | None:
            return self._cancel_here(session, carrier, seen.id, actor)

        left = database.write(here)
        if left is not None:
            sighting = self._ask(carrier, left)
            database.write(lambda s: self._note(s, carrier, left, sighting, actor))
        return database.read(lambda s: fax_json(describe_fax(s, get_fax(s, seen.id))))

    def _cancel_here(
        self, session: Session, carrier: Entrance, fax_id: UUID, actor: str
    ) -> _Found | None:
        """None once it is done; what the provider needs to know where it is not ours to do."""
        row = lock_send(session, fax_id)
        fax = get_fax(session, fax_id)
        if row is not None and row.state == SendState.WAITING and fax.outcome == Outcome.PENDING:
            withdrawn(Case(session, carrier, row, self._clock()))
            note(session, actor, Action.FAX_CANCELED, f"fax:{fax.id}", at="outbox")
            return None
        if row is not None and is_followed(row) and fax.outcome == Outcome.FAILURE:
            why = "not tried again: it was canceled once it had ended"
            let_stand(session, row, fax, self._clock(), why=why, source=Source.OPERATOR)
            note(session, actor, Action.FAX_CANCELED, f"fax:{fax.id}", at="outbox")
            return None
        if row is not None and row.state == SendState.SUBMITTING:
            raise ConflictError(
                "the fax is being handed to its provider, whose answer is not known yet; "
                "try again in a minute"
            )
        _refuse_ended(fax)
        return _Found(fax.id, list_ids(session, [fax])[fax.id])

    def _ask(self, carrier: Entrance, fax: _Found) -> Sighting | None:
        with self._carriers.sender(carrier) as sender, self._desks.client(carrier) as client:
            if client is None or sender is None or not sender.abilities.cancels:
                title = carrier.provider.title
                raise ConflictError(f"a fax that {title} has taken cannot be canceled")
            try:
                return client.cancel_fax(fax.ids)
            except RefusedError as error:
                raise ConflictError(
                    f"it is too late: the fax is on its way or has ended ({error})"
                ) from error
            except ProviderError as error:
                raise ConflictError(
                    f"whether it is canceled is not known: {error}; look at the fax, then try again"
                ) from error

    def _note(
        self,
        session: Session,
        carrier: Entrance,
        fax: _Found,
        sighting: Sighting | None,
        actor: str,
    ) -> None:
        """What the provider says of it, or else that it took our word."""
        if sighting is not None:
            take_in(session, carrier, [sighting], self._parts.release)
        else:
            home = Home(carrier.account.id, carrier.account.provider)
            record(session, [Fact(home, _canceled(fax, self._clock()))])
        note(session, actor, Action.FAX_CANCELED, f"fax:{fax.fax_id}", at="provider")


def _refuse_ended(fax: FaxRow) -> None:
    if fax.direction == Direction.INBOUND:
        raise ConflictError("a fax that is received cannot be canceled")
    if fax.outcome not in (Outcome.PENDING, Outcome.UNKNOWN):
        raise ConflictError(f"the fax has ended: it is {fax.status}")


def _canceled(fax: _Found, now: datetime) -> FaxEvent:
    return FaxEvent(
        digest=sha256(f"canceled\0{fax.fax_id}".encode()).digest(),
        references=(Reference(fax.ids[0]),),  # The others may be of earlier tries.
        received_at=now,
        status=FaxStatus.CANCELED,
        source=Source.OPERATOR,
        evidence=Evidence.OWN,
        reason="user.canceled",
        detail="the provider took it back",
    )
