"""How faxing a number goes, and what to do about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import numbers
from faxhooks.domain.errors import NotFoundError
from faxhooks.domain.fax import Outcome
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What became of the faxes to a number; `received` are those that came from it."""

    attempts: int
    by_outcome: Mapping[str, int]
    success_rate: float | None
    average_pages: float | None
    main_reason: str | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    received: int
    last_received_at: datetime | None

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
    session: Session, number: str, *, accounts: Collection[UUID] | None
) -> Experience:
    """What `accounts` know of a number. Raises NotFoundError when that is nothing."""
    sent = numbers.sum_up_sent(session, number, accounts=accounts)
    received, last_received_at = numbers.sum_up_received(session, number, accounts=accounts)
    if not sent.faxes and not received:
        raise NotFoundError("nothing is known of this number")
    outcomes = {outcome.value: getattr(sent, outcome) for outcome in Outcome}
    reasons = numbers.list_failure_reasons(session, number, accounts=accounts)
    return Experience(
        attempts=sent.faxes,
        by_outcome=outcomes,
        success_rate=success_rate(outcomes),
        average_pages=round(int(sent.pages) / sent.paged, 2) if sent.paged else None,
        main_reason=reasons[0].code if reasons else None,
        last_attempt_at=sent.last_attempt_at,
        last_success_at=sent.last_success_at,
        last_failure_at=sent.last_failure_at,
        received=received,
        last_received_at=last_received_at,
    )
