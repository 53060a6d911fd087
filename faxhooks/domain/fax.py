"""The words of the product: what a fax can be, and one fact about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final, NamedTuple, Self

from faxhooks.domain.reasons import Following


class Direction(StrEnum):
    """Seen from the account: what it sends is outbound."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Outcome(StrEnum):
    """The answer to *did it arrive?*"""

    PENDING = "pending"
    UNKNOWN = "unknown"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELED = "canceled"


class Phase(IntEnum):
    """How settled a status is; a later phase always beats an earlier one."""

    OPEN = 0
    SOFT = 1
    FINAL = 2


class FaxStatus(StrEnum):
    """Where a fax stands: SignalWire's ten documented words, spelled as there, and two more.

    `phase` is open, soft end or final, which only a correction can follow (`is_final`); `outcome`
    what it means to the person who waits; `rank` how far along the way, which decides among open
    ones only; `direction` what the word itself implies, if it does. `pessimism` decides between
    contradicting finals: failure, partial, canceled, success.
    """

    phase: Phase
    outcome: Outcome
    rank: int
    direction: Direction | None
    is_final: bool
    pessimism: int

    QUEUED = "queued", Phase.OPEN, Outcome.PENDING, 10, Direction.OUTBOUND
    PROCESSING = "processing", Phase.OPEN, Outcome.PENDING, 20, None
    SENDING = "sending", Phase.OPEN, Outcome.PENDING, 30, Direction.OUTBOUND
    RECEIVING = "receiving", Phase.OPEN, Outcome.PENDING, 30, Direction.INBOUND
    UNCONFIRMED = "unconfirmed", Phase.SOFT, Outcome.UNKNOWN, 40, None
    DELIVERED = "delivered", Phase.FINAL, Outcome.SUCCESS, 50, Direction.OUTBOUND
    RECEIVED = "received", Phase.FINAL, Outcome.SUCCESS, 50, Direction.INBOUND
    PARTIAL = "partial", Phase.FINAL, Outcome.FAILURE, 50, None
    NO_ANSWER = "no-answer", Phase.FINAL, Outcome.FAILURE, 50, Direction.OUTBOUND
    BUSY = "busy", Phase.FINAL, Outcome.FAILURE, 50, Direction.OUTBOUND
    FAILED = "failed", Phase.FINAL, Outcome.FAILURE, 50, None
    CANCELED = "canceled", Phase.FINAL, Outcome.CANCELED, 50, None

    def __new__(cls, word: str, *meaning: Any) -> Self:
        """The word itself, with what it means."""
        status = str.__new__(cls, word)
        status._value_ = word
        status.phase, status.outcome, status.rank, status.direction = meaning
        status.is_final = status.phase is Phase.FINAL
        bad = {Outcome.FAILURE: 3, Outcome.CANCELED: 1}.get(status.outcome, 0)
        status.pessimism = 2 if word == "partial" else bad
        return status


class Evidence(StrEnum):
    """How we know a fact."""

    UNSIGNED = "unsigned"  # It came through a secret URL, no more.
    SIGNED = "signed"
    CONFIRMED = "confirmed"  # Read from the provider's own API.
    OWN = "own"  # Our send, timer or operator.


class Source(StrEnum):
    """Who said it."""

    CALLBACK = "callback"
    POLL = "poll"
    SEND = "send"
    TIMER = "timer"
    OPERATOR = "operator"


class Verdict(StrEnum):
    """What an event, or the callback it came in, did when it arrived."""

    APPLIED = "applied"
    REPEATED = "repeated"
    STALE = "stale"
    CONFLICT = "conflict"
    UNRECOGNIZED = "unrecognized"


class Flag(StrEnum):
    """What a person or the poller should know about a fax beside its status."""

    CONFLICT = "conflict"
    PROVISIONAL = "provisional"
    RETRYING = "retrying"


UNSURE: Final = frozenset({Flag.CONFLICT, Flag.PROVISIONAL})
"""Flags of an end that the provider's own word has to settle."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A provider's id for a fax.

    `shared` ids (a call that may carry several faxes) find a fax but do not identify it.
    """

    id: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """An end of a fax: E.164 where it is a number, else the text; `raw` is the provider's."""

    value: str
    raw: str


@dataclass(frozen=True, slots=True)
class FaxError:
    """The provider's own words about a failure, verbatim."""

    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """A decimal amount as text, and its unit: an ISO 4217 currency, or `pages`."""

    amount: str
    unit: str


class FaxEvent(NamedTuple):
    """One normalized fact about one fax. Made by name; a tuple, since a callback makes several
    and frozen dataclasses take three times as long.

    `digest` is the SHA-256 of what the event says: equal digests are the same fact.
    `references` name the fax, the provider's main id first. `status` is None when the fact
    moves nothing (a call that completed). `begins` is the ordinal of the try of ours that it
    begins, from 2 on (see `tries.py`), and `follows` what may be done should that try fail, of
    which an empty set leaves nothing; `attempt` tells the provider's own tries apart;
    `retried` marks a fact of a fax the provider tries again; `asks_poll` one that only the
    provider's API can settle. `drift` says what of it our tables did not know. Durations
    are seconds, times aware UTC.
    """

    digest: bytes
    references: tuple[Reference, ...]
    received_at: datetime
    status: FaxStatus | None = None
    provider_status: str | None = None
    source: Source = Source.CALLBACK
    evidence: Evidence = Evidence.UNSIGNED
    occurred_at: datetime | None = None
    direction: Direction | None = None
    sender: Number | None = None
    recipient: Number | None = None
    reason: str | None = None
    detail: str | None = None
    error: FaxError | None = None
    pages: int | None = None
    duration: int | None = None
    cost: Cost | None = None
    media_url: str | None = None
    remote_station_id: str | None = None
    begins: int | None = None
    follows: frozenset[Following] | None = None
    attempt: str | None = None
    retried: bool = False
    asks_poll: bool = False
    drift: str | None = None


class FaxState(NamedTuple):
    """What a set of events says of one fax: a projection that can always be rebuilt. Made by
    name, as `FaxEvent`.
    """

    status: FaxStatus
    provider_status: str | None
    evidence: Evidence
    references: tuple[Reference, ...]
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    direction: Direction | None
    sender: Number | None
    recipient: Number | None
    reason: str | None
    error: FaxError | None
    pages: int | None
    duration: int | None
    cost: Cost | None
    media_url: str | None
    remote_station_id: str | None
    events: int
    asks_poll: bool
    flags: frozenset[Flag] = frozenset()

    @property
    def provider_fax_id(self) -> str:
        """The id the provider shows to people."""
        return self.references[0].id

    @property
    def seconds_to_final(self) -> float | None:
        """From the first word of it to its end; None while open, or where only the end is known."""
        if self.finished_at is None or self.started_at is None:
            return None
        return max(0.0, (self.finished_at - self.started_at).total_seconds())
