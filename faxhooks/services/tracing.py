"""A fax of which nobody knows whether it was sent is looked for in its provider's list.

It is never sent again unless the list has answered, whole and readable, and does not have it.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from faxhooks.db import sends
from faxhooks.db.references import OWN, find_faxes, list_references
from faxhooks.db.sends import Claim, SendState
from faxhooks.providers.asking import ProviderError, Sighting
from faxhooks.providers.searching import Found, find_sent
from faxhooks.providers.sending import Sender
from faxhooks.services import outcomes
from faxhooks.services.desks import Clock, Desks
from faxhooks.services.directory import Entrance
from faxhooks.services.outcomes import Case
from faxhooks.services.parts import Parts

GIVE_UP: Final = timedelta(hours=24)
"""How long a provider is asked that cannot be asked; then a person has to."""


class Tracer:
    """Looks for one fax at a time; `settling` is how long to wait before looking again."""

    def __init__(self, parts: Parts, clock: Clock, settling: timedelta) -> None:
        self._parts = parts
        self._desks = Desks(parts)
        self._clock = clock
        self._settling = settling

    def trace(self, carrier: Entrance, sender: Sender | None, claim: Claim) -> None:
        """Look for it, and record what that comes to."""
        searches = sender is not None and sender.abilities.searches
        answer = self._search(carrier, claim) if searches else None
        self._parts.database.write(lambda session: self._settle(session, carrier, claim, answer))

    def _search(self, carrier: Entrance, claim: Claim) -> Found | ProviderError | None:
        """What the list says; None where there is nobody to be asked."""
        row = self._parts.database.read(lambda s: sends.get_send(s, claim.fax_id))
        with self._desks.client(carrier) as client:
            if client is None:
                return None
            since, sender = row.submitted_at or row.created_at, row.content["sender"]
            try:
                return find_sent(client, row.recipient, sender, since, self._clock())
            except ProviderError as error:
                return error

    def _settle(
        self,
        session: Session,
        carrier: Entrance,
        claim: Claim,
        answer: Found | ProviderError | None,
    ) -> None:
        row = sends.lock_send(session, claim.fax_id)
        if row is None or row.claim != claim.id:
            return
        case = Case(session, carrier, row, self._clock())
        if isinstance(answer, ProviderError):
            self._later(case, answer)
        elif answer is None:
            outcomes.unsure(case, "this provider has no list of faxes")
        else:
            self._decide(case, answer)

    def _decide(self, case: Case, answer: Found) -> None:
        ours = [each for each in answer.sightings if _may_be(case, each)]
        if answer.unread or len(ours) > 1:
            why = "the provider's list has several faxes that it may be, or unreadable ones"
            outcomes.unsure(case, why)
        elif ours:
            outcomes.found(case, ours[0], self._parts.release)
        else:
            outcomes.absent(case)

    def _later(self, case: Case, error: ProviderError) -> None:
        row = case.row
        if row.submitted_at is not None and case.now - row.submitted_at > GIVE_UP:
            outcomes.unsure(case, f"the list cannot be had: {error}")
            return
        wait = self._settling if error.after is None else timedelta(seconds=error.after)
        sends.settle_send(row, SendState.SUBMITTING, case.now + wait, str(error))


def _may_be(case: Case, sighting: Sighting) -> bool:
    """Whether it is none of those faxes that are known to be others of ours."""
    keys = [
        (case.carrier.account.id, reference.id)
        for event in sighting.events
        for reference in event.references
        if not reference.shared
    ]
    known = list(set(find_faxes(case.session, keys).values()))
    ids = {each for found in list_references(case.session, known).values() for each in found}
    return not any(each.startswith(OWN) and each != case.row.own_id for each in ids)
