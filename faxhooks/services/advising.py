"""How faxing a number goes, and what to do about it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import numbers
from faxhooks.db.numbers import Tally
from faxhooks.domain.errors import NotFoundError
from faxhooks.domain.fax import Direction, Outcome
from faxhooks.domain.reasons import REASONS, UNKNOWN, FailOver, Fault, Retry
from faxhooks.services.statistics import success_rate

_FAULTS: Final[Mapping[Fault | None, str]] = {
    Fault.RECIPIENT: "the cause lies with the recipient",
    Fault.NETWORK: "the cause lies on the way",
    Fault.SENDER: "the cause lies with the document, the number or the request",
    Fault.ACCOUNT: "the cause lies with the account at the provider",
    Fault.PROVIDER: "the cause lies with the provider",
    Fault.US: "the cause lies with this service",
    None: "nobody has said why",
}
_RETRIES: Final[Mapping[Retry, str]] = {
    Retry.NEVER: "sending the same again will not help",
    Retry.AFTER_FIX: "mend it before sending again",
    Retry.LATER: "send again later",
    Retry.SOON: "send again soon",
    Retry.ASK: "let a person decide before sending again",
}


@dataclass(frozen=True, slots=True)
class FailureReason:
    """A reason, and how many faxes failed for it."""

    code: str
    faxes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What became of the faxes to a number; `received` are those that came from it.

    `reasons` are those of its failures, the most frequent first. `is_partial` says that there
    are older faxes that were not looked at.
    """

    attempts: int
    by_outcome: Mapping[str, int]
    success_rate: float | None
    average_pages: float | None
    reasons: Sequence[FailureReason]
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    received: int
    last_received_at: datetime | None
    is_partial: bool

    @property
    def main_reason(self) -> str | None:
        """Why most of those failed that failed."""
        return self.reasons[0].code if self.reasons else None

    @property
    def suggestion(self) -> str:
        """What the reasons' advice comes to for this number; always the same for the same."""
        if not self.attempts:
            return "Nothing was sent to this number yet."
        if self.success_rate is None:
            return "No fax to this number has been answered for yet."
        if self.main_reason is None:
            return "Faxes to this number arrive."
        recovered = self.last_success_at is not None and (
            self.last_failure_at is None or self.last_success_at > self.last_failure_at
        )
        begins = "The latest fax arrived. Of those that failed" if recovered else "As a rule"
        return f"{begins}, {advice(self.main_reason)}."


def advice(code: str) -> str:
    """The advice of the table of reasons, in words."""
    reason = REASONS.get(code, REASONS[UNKNOWN])
    said = f"{_FAULTS[reason.fault]}: {_RETRIES[reason.retry]}"
    if reason.may_fail_over is FailOver.YES:
        said += "; another provider may be tried"
    if reason.may_have_printed:
        said += "; pages may have been printed already"
    return said


def ask_experience(
    session: Session, number: str, *, accounts: Collection[UUID] | None, latest: int | None = None
) -> Experience:
    """What `accounts` know of a number, from so many of its `latest` faxes if that is given.
    Raises NotFoundError when that is nothing.
    """
    tallies = numbers.tally_to(session, number, accounts=accounts, latest=latest)
    received, last_received_at = numbers.sum_up_received(
        session, number, accounts=accounts, latest=latest
    )
    # What a provider says of a fax that failed often leaves the direction out, and without these
    # a number would look better than it is.
    sent = [each for each in tallies if each.direction != Direction.INBOUND]
    if not sent and not received:
        raise NotFoundError("nothing is known of this number")
    success = [each for each in sent if each.outcome == Outcome.SUCCESS]
    failure = [each for each in sent if each.outcome == Outcome.FAILURE]
    outcomes = {
        outcome.value: sum(each.faxes for each in sent if each.outcome == outcome)
        for outcome in Outcome
    }
    pages, paged = sum(int(each.pages) for each in success), sum(each.paged for each in success)
    counted = max(sum(each.faxes for each in tallies), received)
    return Experience(
        attempts=sum(each.faxes for each in sent),
        by_outcome=outcomes,
        success_rate=success_rate(outcomes),
        average_pages=round(pages / paged, 2) if paged else None,
        reasons=_reasons(failure),
        last_attempt_at=max((each.last_at for each in sent), default=None),
        last_success_at=max((each.last_ended_at for each in success), default=None),
        last_failure_at=max((each.last_ended_at for each in failure), default=None),
        received=received,
        last_received_at=last_received_at,
        is_partial=latest is not None and counted >= latest,
    )


def _reasons(failed: Collection[Tally]) -> list[FailureReason]:
    """The most frequent first; of equal ones the latest."""
    faxes: Counter[str] = Counter()
    last_at: dict[str, datetime] = {}
    for each in failed:
        if each.reason is not None:
            faxes[each.reason] += each.faxes
            last_at[each.reason] = max(each.last_at, last_at.get(each.reason, each.last_at))
    codes = sorted(sorted(faxes), key=lambda code: (faxes[code], last_at[code]), reverse=True)
    return [FailureReason(code, faxes[code]) for code in codes]
