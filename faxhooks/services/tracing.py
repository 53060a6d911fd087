"""Faxes of which nobody knows whether they were sent are looked for in their provider's list.

None is ever sent again unless the list has answered, whole and readable, and does not have it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from faxhooks.db import sends
from faxhooks.db.askings import find_asking
from faxhooks.db.history import list_entries
from faxhooks.db.references import OWN, find_faxes, list_references
from faxhooks.db.sends import Claim, SendState
from faxhooks.domain.tries import FIRST, try_of_ids
from faxhooks.providers.asking import Client, ProviderError, Sighting, ThrottledError
from faxhooks.providers.searching import Found, Wanted, find_sent
from faxhooks.providers.sending import Sender
from faxhooks.services import outcomes
from faxhooks.services.budgeting import note_calls, pace_of, reserve
from faxhooks.services.desks import Clock, Desks
from faxhooks.services.directory import Entrance
from faxhooks.services.outcomes import Case
from faxhooks.services.parts import Parts

GIVE_UP: Final = timedelta(hours=24)
"""How long a provider is asked that cannot be asked; then a person has to."""

TOGETHER: Final = timedelta(minutes=1)
"""Faxes that were handed over within so much of each other are looked for at once. Little, since
a fax to the same number before then, sent by other means, may be taken for ours."""


_PATIENCE: Final = 5.0
"""Seconds until the budget is looked at again."""


@dataclass(frozen=True, slots=True)
class Habits:
    """`lease` is longer than handing over can take; after `settling` a fax that the provider
    took is in its list; `backoff` is the first wait after a fault that may pass, which doubles
    up to `longest`.
    """

    lease: timedelta = timedelta(minutes=5)
    settling: timedelta = timedelta(minutes=1)
    backoff: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=5)


HABITS: Final = Habits()


class Tracer:
    """Looks for an account's faxes in doubt, with one reading of its list."""

    def __init__(self, parts: Parts, clock: Clock, habits: Habits) -> None:
        self._parts = parts
        self._database = parts.database
        self._desks = Desks(parts)
        self._clock = clock
        self._habits = habits

    def trace(self, carrier: Entrance, sender: Sender | None) -> int:
        """Look for those that are due, and record what that comes to; how many they were."""
        claims = self._database.write(lambda session: self._claim(session, carrier))
        if not claims:
            return 0
        searches = sender is not None and sender.abilities.searches
        answers = self._search(carrier, claims) if searches else [None] * len(claims)
        for claim, answer in zip(claims, answers, strict=True):
            self._record(carrier, claim, answer)
        return len(claims)

    def _claim(self, session: Session, carrier: Entrance) -> list[Claim]:
        now, lease = self._clock(), self._habits.lease
        return sends.claim_doubts(session, carrier.account.id, now, lease, TOGETHER)

    def _search(
        self, carrier: Entrance, claims: Sequence[Claim]
    ) -> Sequence[Found | ProviderError | None]:
        """What the list says of each; None where there is nobody to be asked."""
        wanted = self._database.read(lambda session: [_wanted(session, each) for each in claims])
        with self._desks.client(carrier) as client:
            if client is None:
                return [None] * len(claims)
            try:
                return self._ask(carrier, client, wanted)
            except ProviderError as error:
                return [error] * len(claims)

    def _ask(self, carrier: Entrance, client: Client, wanted: Sequence[Wanted]) -> list[Found]:
        """Within the account's budget, which a long list may overdraw: then others wait."""
        if not self._database.write(lambda session: self._may_ask(session, carrier)):
            raise ThrottledError("the account's budget for asking is used up", after=_PATIENCE)
        error = None
        try:
            return find_sent(client, wanted, self._clock())
        except ProviderError as raised:
            error = raised
            raise
        finally:
            self._database.write(
                lambda session: note_calls(
                    session,
                    carrier.account.id,
                    calls=client.calls,
                    reserved=1,
                    error=error,
                    now=self._clock(),
                )
            )

    def _may_ask(self, session: Session, carrier: Entrance) -> bool:
        """An account that was never asked for has no budget yet."""
        account_id, now = carrier.account.id, self._clock()
        if find_asking(session, account_id) is None:
            return True
        return reserve(session, account_id, pace_of(carrier), 1, now) > 0

    def _record(
        self, carrier: Entrance, claim: Claim, answer: Found | ProviderError | None
    ) -> None:
        def settle(session: Session) -> None:
            row = sends.lock_send(session, claim.fax_id)
            if row is not None and row.claim == claim.id:
                self._settle(Case(session, carrier, row, self._clock()), answer)

        self._database.write(settle)

    def _settle(self, case: Case, answer: Found | ProviderError | None) -> None:
        if case.row.error is None:
            outcomes.abandoned(case)
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
        if case.now - sends.handed_over_at(row) > GIVE_UP:
            outcomes.unsure(case, f"the list cannot be had: {error}")
            return
        wait = self._habits.settling if error.after is None else timedelta(seconds=error.after)
        sends.settle_send(row, SendState.SUBMITTING, case.now + wait, str(error))


def _wanted(session: Session, claim: Claim) -> Wanted:
    row = sends.get_send(session, claim.fax_id)
    return Wanted(row.recipient, row.content["sender"], sends.handed_over_at(row))


def _may_be(case: Case, sighting: Sighting) -> bool:
    """Whether it is none of those faxes that are known to be others of ours, and no earlier try
    at this one.
    """
    ids = [
        reference.id
        for event in sighting.events
        for reference in event.references
        if not reference.shared
    ]
    keys = [(case.carrier.account.id, each) for each in ids]
    known = set(find_faxes(case.session, keys).values())
    if case.row.fax_id in known:
        history = list_entries(case.session, [case.row.fax_id])[case.row.fax_id]
        tries = try_of_ids(entry.event for entry in history)
        return any(tries.get(each) == tries.get(case.row.own_id, FIRST) for each in ids)
    return not any(
        each.startswith(OWN)
        for found in list_references(case.session, list(known)).values()
        for each in found
    )
