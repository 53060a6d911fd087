"""When a fax that did not get through is handed over again: a function of why, and how often.

Only where the reason's advice allows it and nothing can have been printed. Nothing here reads a
clock or a database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from faxhooks.domain.fax import UNSURE, Evidence, FaxStatus, Outcome
from faxhooks.domain.reasons import Following, what_follows
from faxhooks.providers.persisting import DELAYS, FAIL_OVER, REDIALS, USUAL_DELAYS
from faxhooks.services.directory import Entrance


@dataclass(frozen=True, slots=True)
class Persistence:
    """How often a fax is redialled, after how many minutes each; and the account that is tried
    at last, if there is one.
    """

    times: int = 0
    delays: tuple[int, ...] = USUAL_DELAYS
    fail_over: UUID | None = None

    @property
    def is_none(self) -> bool:
        """Whether it is handed over once, whatever becomes of it."""
        return not self.times and self.fail_over is None

    def able(self, tried: Sequence[UUID]) -> frozenset[Following]:
        """What is left to be done after tries with these accounts, the latest last."""
        if self.fail_over in tried:
            return frozenset()
        redials = {Following.REDIAL} if len(tried) <= self.times else set()
        others = set() if self.fail_over is None else {Following.FAIL_OVER}
        return frozenset(redials | others)

    def json(self) -> dict[str, Any]:
        """It as it lies in the outbox."""
        account = None if self.fail_over is None else str(self.fail_over)
        return {"times": self.times, "delays": list(self.delays), "fail_over": account}

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Persistence":
        """That of a fax in the outbox, which may be older than all this."""
        said = content.get("persistence")
        if said is None:
            return cls()
        account = said["fail_over"]
        delays = tuple(said["delays"])
        return cls(said["times"], delays, None if account is None else UUID(account))


ONCE: Final = Persistence()


@dataclass(frozen=True, slots=True)
class Defaults:
    """An account's own options; `fail_over` is a label or an id."""

    times: int
    delays: tuple[int, ...]
    fail_over: str | None


def persistence_of(carrier: Entrance) -> Defaults:
    """What goes for the account's faxes that say nothing else."""

    def value(name: str) -> str:
        return carrier.provider.value(carrier.account.config, name) or ""

    delays = value(DELAYS) or ",".join(map(str, USUAL_DELAYS))
    return Defaults(
        int(value(REDIALS) or 0), tuple(map(int, delays.split(","))), value(FAIL_OVER) or None
    )


@dataclass(frozen=True, slots=True)
class End:
    """How the latest try ended."""

    status: FaxStatus
    reason: str | None
    evidence: Evidence
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class NextTry:
    """What follows: with which account, and after which wait."""

    account_id: UUID
    wait: timedelta


def is_settled(end: End) -> bool:
    """Whether the end is sure enough to act upon. What anybody could have posted has to be
    confirmed first, what contradicts itself to be settled, and the provider's own attempts
    to be over.
    """
    sure = end.evidence is not Evidence.UNSIGNED
    return sure and not end.flags & UNSURE


def next_try(persistence: Persistence, tried: Sequence[UUID], end: End) -> NextTry | None:
    """The try after those with these accounts, the latest last; None if that was the last."""
    if end.status.outcome is not Outcome.FAILURE:
        return None
    following = what_follows(end.reason, persistence.able(tried))
    if following is Following.REDIAL:
        minutes = persistence.delays[min(len(tried), len(persistence.delays)) - 1]
        return NextTry(tried[-1], timedelta(minutes=minutes))
    if following is Following.FAIL_OVER and persistence.fail_over is not None:
        return NextTry(persistence.fail_over, timedelta())
    return None
