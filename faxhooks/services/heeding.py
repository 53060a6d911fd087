"""What was heard of a fax is recorded, and it is planned when to ask again: in one commit."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import polls
from faxhooks.db.askings import Pace
from faxhooks.db.faxes import Home
from faxhooks.db.models import FaxRow
from faxhooks.db.pollmodels import PollRow
from faxhooks.domain.fax import Evidence, FaxEvent, FaxStatus, Reference, Source
from faxhooks.providers.asking import (
    Client,
    CredentialsError,
    ProviderError,
    Sighting,
    ThrottledError,
)
from faxhooks.services.budgeting import note_calls
from faxhooks.services.claiming import Fact
from faxhooks.services.directory import Entrance
from faxhooks.services.enrolling import due_of, standing
from faxhooks.services.planning import Terms, time_limit
from faxhooks.services.recording import record
from faxhooks.services.sightings import take_in

NOT_KNOWN: Final = "not known"
UNREADABLE: Final = "unreadable"


@dataclass(frozen=True, slots=True)
class Desk:
    """An account whose provider is asked: what is agreed, and by which release."""

    entrance: Entrance
    terms: Terms
    pace: Pace
    release: str

    @property
    def account_id(self) -> UUID:
        """Whose it is."""
        return self.entrance.account.id


@dataclass(frozen=True, slots=True)
class Question:
    """A fax to be asked about, by the ids that the provider knows, within what was reserved."""

    fax_id: UUID
    ids: list[str]
    reserved: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of it: a sighting; none where the provider knows no such fax; or an error."""

    question: Question
    calls: int
    sighting: Sighting | None = None
    error: ProviderError | None = None

    @property
    def stops(self) -> bool:
        """Whether the account is to be left alone now: nothing of it is this fax's fault."""
        return isinstance(self.error, CredentialsError | ThrottledError)


def ask(client: Client, question: Question) -> Heard:
    """Ask the provider; whatever it says is an answer."""
    before = client.calls
    try:
        sighting = client.find_fax(question.ids)
    except ProviderError as error:
        return Heard(question, client.calls - before, error=error)
    return Heard(question, client.calls - before, sighting)


def heed(session: Session, desk: Desk, heard: Heard, by: UUID, now: datetime) -> None:
    """Record it, end the fax whose time has run out, and plan anew.

    Who lost the lease meanwhile records all the same, since it is true, and leaves the plan
    to its new holder.
    """
    fax_id = heard.question.fax_id
    poll = polls.lock_polls(session, [fax_id]).get(fax_id)
    if heard.sighting is not None:
        take_in(session, desk.entrance, [heard.sighting], desk.release)
    row = end_in_time(session, desk, fax_id, now)
    if poll is not None and poll.leased_by == by:
        note_answer(poll, heard, now)
        poll.leased_until = poll.leased_by = None
        poll.due_at = due_of(row, poll, desk.terms, now)
    note_calls(
        session,
        desk.account_id,
        calls=heard.calls,
        reserved=heard.question.reserved,
        error=heard.error,
        now=now,
    )


def end_in_time(session: Session, desk: Desk, fax_id: UUID, now: datetime) -> FaxRow:
    """A fax that has taken too long is unconfirmed, until somebody knows better."""
    (row,) = polls.list_rows(session, [fax_id])
    limit = time_limit(standing(row), desk.terms)
    ids = polls.list_ids(session, [row])[fax_id]
    if limit is None or limit > now or not ids or row.merged_into is not None:
        return row
    event = FaxEvent(
        digest=sha256(f"timer\0{fax_id}\0{ids[0]}".encode()).digest(),
        references=(Reference(ids[0]),),
        received_at=now,
        status=FaxStatus.UNCONFIRMED,
        source=Source.TIMER,
        evidence=Evidence.OWN,
    )
    home = Home(desk.account_id, desk.entrance.account.provider)
    record(session, [Fact(home, event)])
    (row,) = polls.list_rows(session, [fax_id])
    return row


def end_overdue(session: Session, desk: Desk, fax_id: UUID, by: UUID, now: datetime) -> None:
    """The same for a fax whose provider cannot be asked now, or ever. One that has no id of its
    own cannot be spoken of, and is left as it is.
    """
    poll = polls.lock_polls(session, [fax_id]).get(fax_id)
    row = end_in_time(session, desk, fax_id, now)
    if poll is not None and poll.leased_by == by:
        poll.leased_until = poll.leased_by = None
        limit = time_limit(standing(row), desk.terms)
        ended = limit is None or limit > now
        poll.due_at = due_of(row, poll, desk.terms, now) if ended else None


def note_answer(poll: PollRow, heard: Heard, now: datetime) -> None:
    """What a fax shows of the last time it was asked about."""
    poll.error = None if heard.error is None else str(heard.error)
    if heard.stops:
        return
    poll.asked_at, poll.tries = now, poll.tries + 1
    if heard.error is not None:
        poll.failures += 1
        return
    poll.failures = 0
    poll.answer = NOT_KNOWN if heard.sighting is None else word_of(heard.sighting)


def word_of(sighting: Sighting) -> str:
    """The provider's status word, or that there was none to be read."""
    words = [event.provider_status for event in sighting.events if event.provider_status]
    return words[0] if words else UNREADABLE
