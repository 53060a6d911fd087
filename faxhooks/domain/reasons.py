"""Why a fax failed, and what to do about it: one table for every provider's words."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Whose side the cause is on."""

    RECIPIENT = "recipient"
    NETWORK = "network"
    SENDER = "sender"
    ACCOUNT = "account"
    PROVIDER = "provider"
    US = "us"


class Retry(StrEnum):
    """When sending the same fax again makes sense; `ask` is a person's decision."""

    NEVER = "never"
    AFTER_FIX = "after_fix"
    LATER = "later"
    SOON = "soon"
    ASK = "ask"


class FailOver(StrEnum):
    """Whether another provider may be tried instead."""

    YES = "yes"
    NO = "no"
    ASK = "ask"


class Following(StrEnum):
    """What may be done about a fax that did not get through."""

    REDIAL = "redial"
    FAIL_OVER = "fail_over"


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause with its advice; `fault` is None only where nobody knows."""

    code: str
    fault: Fault | None
    retry: Retry
    may_fail_over: FailOver
    may_have_printed: bool


UNKNOWN = "unknown"
_OF_THE_CALL = ("line.", "fax.", "tx.")


def _table(rows: str) -> dict[str, Reason]:
    reasons = {}
    for row in rows.strip().splitlines():
        code, fault, retry, fail_over, printed = row.split()
        reasons[code] = Reason(
            code,
            None if fault == "-" else Fault(fault),
            Retry(retry),
            FailOver(fail_over),
            printed == "maybe",
        )
    return reasons


REASONS = _table("""
    line.busy              recipient  later      yes  no
    line.no_answer         recipient  later      yes  no
    line.unallocated       sender     never      no   no
    line.rejected          recipient  later      yes  no
    line.unreachable       network    soon       yes  no
    line.dropped           network    soon       ask  maybe
    fax.not_detected       recipient  later      yes  no
    fax.training_failed    network    soon       yes  no
    fax.incompatible       recipient  after_fix  yes  no
    fax.ident_rejected     recipient  never      no   no
    tx.page_unconfirmed    network    ask        no   maybe
    tx.ecm_error           network    soon       ask  maybe
    tx.protocol            network    soon       yes  no
    tx.retries_exhausted   network    later      ask  maybe
    tx.partial             network    ask        ask  maybe
    tx.zero_pages          network    soon       yes  no
    document.fetch         sender     after_fix  no   no
    document.convert       sender     after_fix  no   no
    document.type          sender     after_fix  no   no
    document.size          sender     after_fix  no   no
    document.upload_expired us        soon       no   no
    account.credit         account    after_fix  yes  no
    account.limit          account    later      yes  no
    account.not_allowed    account    never      yes  no
    request.invalid_number sender     never      no   no
    request.other          sender     never      no   no
    provider.internal      provider   soon       ask  maybe
    provider.ttl_expired   provider   later      yes  no
    rx.incomplete          network    ask        no   no
    user.canceled          sender     never      no   maybe
    unknown                -          ask        no   maybe
""")
"""Every reason code with whose fault it is, the retry and fail-over advice, and whether
pages may have been printed. The codes are public: they may grow, not change."""


def what_follows(code: str | None, able: Collection[Following]) -> Following | None:
    """What is done about a failure, of what can be: the same again as long as the reason says that
    it may help, then by another account. Never anything where pages may have been printed.
    """
    reason = REASONS.get(code or UNKNOWN, REASONS[UNKNOWN])
    if reason.may_have_printed:
        return None
    if Following.REDIAL in able and reason.retry in (Retry.LATER, Retry.SOON):
        return Following.REDIAL
    if Following.FAIL_OVER in able and reason.may_fail_over is FailOver.YES:
        return Following.FAIL_OVER
    return None


def as_received(code: str) -> str:
    """The same cause seen by who receives.

    Whatever went wrong on the line, a receiver has an incomplete fax and no call to repeat;
    faults of the account, the document or the provider stay what they are.
    """
    return "rx.incomplete" if code.startswith(_OF_THE_CALL) else code
