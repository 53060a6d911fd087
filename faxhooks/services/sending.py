"""What is in the outbox is handed to its provider: once, whatever crashes.

That a fax is being handed over is committed before the provider is called. Whoever dies or is
left without an answer after that leaves a fax of which nobody knows whether the provider has it;
it is then looked for in the provider's list, and only when it is certain that it is not there,
it is handed over again.
"""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from faxhooks.db import sends
from faxhooks.db.sendmodels import SendRow
from faxhooks.db.sends import Claim, SendState
from faxhooks.domain.errors import NotFoundError
from faxhooks.providers.asking import CredentialsError, ProviderError
from faxhooks.providers.base import TIME_LIMIT
from faxhooks.providers.sending import Document, InvalidOrderError, Sender, Sent
from faxhooks.services import outcomes
from faxhooks.services.carriers import Carriers
from faxhooks.services.desks import Clock, utc_now
from faxhooks.services.directory import Entrance
from faxhooks.services.lending import lend
from faxhooks.services.ordering import order_of
from faxhooks.services.outcomes import Case
from faxhooks.services.parts import Parts
from faxhooks.services.shelving import Shelf
from faxhooks.services.tracing import HABITS, Habits, Tracer

log = structlog.get_logger()

ROUNDS: Final = 20
"""In each of them every account may hand over one fax; then other work has its turn."""

Outcome = Sent | ProviderError | InvalidOrderError


class Dispatcher:
    """Sends what is due, looks for what is in doubt, and then returns.

    Accounts take turns, so that a fax waits for one call of every other account and not for all
    that another has to send.
    """

    def __init__(self, parts: Parts, clock: Clock = utc_now, habits: Habits = HABITS) -> None:
        self._parts = parts
        self._database = parts.database
        self._carriers = Carriers(parts)
        self._clock = clock
        self._habits = habits
        self._tracer = Tracer(parts, clock, habits)

    def run(self, stopping: Event) -> dict[str, int]:
        """One pass: how many faxes were handed over, and how many were looked for."""
        counts = Counter({"sent": 0, "traced": 0})
        turns: dict[UUID, Generator[bool, None, None]] = {}
        with ExitStack() as ending:
            for _ in range(ROUNDS):
                before = counts["sent"]
                for account_id in self._due_accounts():
                    if stopping.is_set():
                        return dict(counts)
                    if account_id not in turns:
                        mine = closing(self._turns(account_id, counts))
                        turns[account_id] = ending.enter_context(mine)
                    counts["sent"] += next(turns[account_id], False)
                if counts["sent"] == before:
                    break
        return dict(counts)

    def _due_accounts(self) -> Sequence[UUID]:
        """Those of this moment: what comes in during a pass takes its turn in the next round."""
        now = self._clock()
        return self._database.read(lambda session: sends.list_due_accounts(session, now))

    def _turns(self, account_id: UUID, counts: Counter[str]) -> Generator[bool, None, None]:
        """Whether there was a fax to hand over, turn by turn, with one connection for them all."""
        try:
            carrier = self._carriers.get(account_id)
        except NotFoundError:  # Of a provider that only another release knows.
            return
        with self._carriers.sender(carrier) as sender:
            counts["traced"] += self._tracer.trace(carrier, sender)
            while True:
                yield self._serve(carrier, sender)

    def _serve(self, carrier: Entrance, sender: Sender | None) -> bool:
        """Send one fax of the account; False when there is none for now."""
        per_second = None if sender is None else sender.abilities.per_second
        claim = self._database.write(lambda s: self._claim(s, carrier.account.id, per_second))
        if claim is None:
            return False
        outcome = self._hand_over(carrier, sender, claim)
        self._database.write(lambda session: self._settle(session, carrier, claim, outcome))
        return True

    def _claim(self, session: Session, account_id: UUID, per_second: float | None) -> Claim | None:
        """Committed before the provider is called, within the pace that it allows."""
        now = self._clock()
        pace = sends.lock_pace(session, account_id, now)
        if pace.next_at > now:
            return None
        claim = sends.claim_due(session, account_id, now, self._habits.lease)
        if claim is not None and per_second is not None:
            pace.next_at = now + timedelta(seconds=1 / per_second)
        return claim

    def _hand_over(self, carrier: Entrance, sender: Sender | None, claim: Claim) -> Outcome:
        """Call the provider; whatever it says is an outcome. What else is raised in here leaves
        the claim as it is, and the fax in doubt.
        """
        if sender is None or carrier.account.disabled_at is not None:
            error = CredentialsError("the account is disabled, or lacks credentials; mend that")
            error.reason = "account.not_allowed"
            return error
        fetches = sender.abilities.fetches
        row, links = self._database.write(lambda s: self._prepare(s, claim.fax_id, fetches))
        held = self._database.read(lambda s: _held(s, self._parts.shelf, row, links))
        hook = carrier.account.hook_url if sender.abilities.calls_back else None
        try:
            return sender.send(order_of(row, held, hook))
        except (ProviderError, InvalidOrderError) as error:
            return error

    def _prepare(
        self, session: Session, fax_id: UUID, fetches: bool
    ) -> tuple[SendRow, Mapping[str, str]]:
        """The send, and the addresses where its documents can be fetched now, by their ids."""
        row = sends.get_send(session, fax_id)
        now, links = self._clock(), {}
        for each in row.content["documents"]:
            if fetches and "id" in each:
                token = lend(session, UUID(each["id"]), now)
                links[each["id"]] = f"{self._parts.public_url}/media/{token}"
        return row, links

    def _settle(self, session: Session, carrier: Entrance, claim: Claim, outcome: Outcome) -> None:
        """Record what came of it. Who was given up meanwhile may still say that it was taken,
        which is true whoever else has it now, and nothing else.
        """
        row = sends.lock_send(session, claim.fax_id)
        if row is None or (row.claim != claim.id and not isinstance(outcome, Sent)):
            return
        case = Case(session, carrier, row, self._clock())
        if isinstance(outcome, Sent):
            outcomes.taken(case, outcome.event)
        elif isinstance(outcome, InvalidOrderError):
            outcomes.refused(case, outcome)
        elif outcome.maybe_done:
            outcomes.doubted(case, outcome, case.now + self._habits.settling)
        elif outcome.again and case.now - row.created_at < _limit(carrier):
            self._postpone(case, outcome)
        else:
            outcomes.refused(case, outcome)
        log.info("fax_handed_over", fax_id=str(row.fax_id), state=row.state, tries=row.tries)

    def _postpone(self, case: Case, error: ProviderError) -> None:
        """Nothing was sent, and later it may be; so long the account's others wait as well."""
        row, now = case.row, case.now
        wait = min(self._habits.longest, self._habits.backoff * 2 ** min(row.tries - 1, 10))
        if error.after is not None:
            wait = max(wait, timedelta(seconds=error.after))
        sends.settle_send(row, SendState.WAITING, now + wait, str(error))
        pace = sends.lock_pace(case.session, row.account_id, now)
        pace.next_at = max(pace.next_at, now + min(wait, self._habits.backoff))


def _held(session: Session, shelf: Shelf, row: SendRow, links: Mapping[str, str]) -> list[Document]:
    """The documents of a send: where they are, or what is in them."""
    said = row.content["documents"]
    wanted = [UUID(each["id"]) for each in said if "id" in each and each["id"] not in links]
    kept = shelf.read(session, wanted)
    held = []
    for each in said:
        document = Document(name=each["name"], media_type=each["media_type"])
        if "id" not in each:
            document = replace(document, url=each["url"])
        elif each["id"] in links:
            document = replace(document, url=links[each["id"]])
        elif UUID(each["id"]) in kept:
            document = replace(document, content=kept[UUID(each["id"])])
        held.append(document)
    return held


def _limit(carrier: Entrance) -> timedelta:
    """How long a fax of the account may take."""
    minutes = carrier.provider.value(carrier.account.config, TIME_LIMIT) or str(24 * 60)
    return timedelta(minutes=int(minutes))
