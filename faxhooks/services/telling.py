"""What became of a fax, in a sentence that somebody who waits for it understands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from faxhooks.domain.fax import Direction, Evidence, FaxStatus, Flag, Outcome, Source, Verdict
from faxhooks.domain.reasons import REASONS, UNKNOWN, Retry
from faxhooks.services.wording import REASON_WORDS, STATUS_WORDS

EVIDENCE_WORDS: Final[Mapping[str, str]] = {
    Evidence.UNSIGNED: "Not signed: it came through the secret hook URL, no more",
    Evidence.SIGNED: "Signed by the provider, and the signature was right",
    Evidence.CONFIRMED: "Read from the provider's own API",
    Evidence.OWN: "Known to this service by itself",
}
"""How we know."""

SOURCE_WORDS: Final[Mapping[str, str]] = {
    Source.CALLBACK: "The provider, in a callback",
    Source.POLL: "The provider, when it was asked",
    Source.SEND: "This service, when it sent the fax",
    Source.TIMER: "This service, when the time was up",
    Source.OPERATOR: "A person who operates this service",
}
"""Who said it."""

VERDICT_WORDS: Final[Mapping[str, str]] = {
    Verdict.APPLIED: "Told something new",
    Verdict.REPEATED: "Said again what was known",
    Verdict.STALE: "Came late and changed nothing",
    Verdict.CONFLICT: "Contradicts what was said before",
    Verdict.UNRECOGNIZED: "Was not understood",
}
"""What an event did when it arrived."""

FLAG_WORDS: Final[Mapping[str, str]] = {
    Flag.CONFLICT: "Callbacks tell of different ends; this is the latest, or the worse of two.",
    Flag.PROVISIONAL: "The provider tries again, so this may not be the end.",
    Flag.RETRYING: "It is about to be tried again from here, so this is not the end.",
}

_OPEN: Final[Mapping[str, str]] = {
    FaxStatus.QUEUED: "It waits its turn at the provider.",
    FaxStatus.PROCESSING: "The provider is preparing it.",
    FaxStatus.SENDING: "The provider is sending it.",
    FaxStatus.RECEIVING: "The provider is receiving it.",
}
_RETRIES: Final[Mapping[Retry, str]] = {
    Retry.NEVER: "sending the same again will not help",
    Retry.AFTER_FIX: "mend that, then send it again",
    Retry.LATER: "try again later",
    Retry.SOON: "try again soon",
    Retry.ASK: "ask the recipient before you send it again",
}
_FROM_THE_SENDER: Final = "ask the sender to send it again"
_TURNED_AWAY: Final = "It was withdrawn, or turned away."
_PRINTED: Final = "Pages may have been printed all the same."


@dataclass(frozen=True, slots=True)
class Sentence:
    """`lead` and the moment `at` it came to that, in RFC 3339, or none; then what it means."""

    lead: str
    at: str | None
    rest: str

    @property
    def text(self) -> str:
        """All of it, with the moment in UTC."""
        when = f" at {said_in_utc(self.at)}" if self.at else ""
        return f"{self.lead}{when}. {self.rest}".strip()


def tell(fax: Mapping[str, Any]) -> Sentence:
    """The state of a fax, which is as the API shows it."""
    lead = STATUS_WORDS.get(fax["status"], fax["status"])
    outcome = fax["outcome"]
    if outcome == Outcome.PENDING:
        waiting = _OPEN.get(fax["status"], "It has not ended yet.")
        return Sentence(lead, None, " ".join([waiting, *_flags(fax)]))
    end = fax["finished_at"] or fax["updated_at"]
    if outcome == Outcome.UNKNOWN:
        unsaid = "Nobody has said whether it arrived; ask the recipient."
        return Sentence(lead, end, " ".join([unsaid, *_flags(fax)]))
    said = _success(fax) if outcome == Outcome.SUCCESS else _failure(fax)
    return Sentence(lead, end, " ".join([*said, *_flags(fax)]))


def said_in_utc(moment: str) -> str:
    """A moment in RFC 3339 as people read it: to the second, in UTC."""
    return f"{moment[:10]} {moment[11:19]} UTC"


def _success(fax: Mapping[str, Any]) -> list[str]:
    came = "came in" if _is_inbound(fax) else "got through"
    match fax["pages"]:
        case None | 0:
            return ["The incoming fax is complete." if _is_inbound(fax) else "It arrived."]
        case 1:
            return [f"1 page {came}."]
        case pages:
            return [f"{pages} pages {came}."]


def _failure(fax: Mapping[str, Any]) -> list[str]:
    """Why, what to do, and what may have come out at the other end."""
    if fax["reason"] is None:
        return (
            ["It was withdrawn, or turned away."] if _is_canceled(fax) else ["It did not arrive."]
        )
    code = fax["reason"]["code"]
    advice = _FROM_THE_SENDER if _is_inbound(fax) else _RETRIES[_retry(code)]
    cause = REASON_WORDS.get(code, REASON_WORDS[UNKNOWN])
    said = [f"{cause}." if _is_canceled(fax) else f"{cause}; {advice}."]
    if fax["reason"]["may_have_printed"] and not _is_inbound(fax):
        said.append(_PRINTED)
    return said


def _retry(code: str) -> Retry:
    return REASONS.get(code, REASONS[UNKNOWN]).retry


def _flags(fax: Mapping[str, Any]) -> list[str]:
    return [FLAG_WORDS[flag] for flag in fax["flags"] if flag in FLAG_WORDS]


def _is_inbound(fax: Mapping[str, Any]) -> bool:
    return bool(fax["direction"] == Direction.INBOUND)


def _is_canceled(fax: Mapping[str, Any]) -> bool:
    return bool(fax["outcome"] == Outcome.CANCELED)
