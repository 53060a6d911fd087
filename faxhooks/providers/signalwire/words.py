"""What SignalWire says about a fax, and what it means to us.

Sources: the Compatibility API reference (send a fax), the platform's page of common fax
errors, the table of error codes, and Twilio's error pages where SignalWire reuses its numbers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Direction, FaxError, FaxStatus
from faxhooks.domain.reasons import as_received
from faxhooks.providers.t30 import find_by_prefix, plain, reason_for_code, reason_for_text


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


DOCUMENTED: Final = _names(
    "FaxSid AccountSid From To ApiVersion FaxStatus RemoteStationId OriginalMediaUrl MediaUrl"
    " MediaSid NumPages ErrorCode ErrorMessage Timestamp"
)
"""The parameters in the cXML fax reference and in its samples."""

KNOWN: Final = DOCUMENTED | _names(
    "Sid Status Pages Duration Direction OriginalTo CallStatus StatusCallbackEvent"
)
"""And those that published receivers read, or that the vendor documents for calls."""

STATUSES: Final[Mapping[str, FaxStatus]] = MappingProxyType(
    {
        "queued": FaxStatus.QUEUED,
        "processing": FaxStatus.PROCESSING,
        "sending": FaxStatus.SENDING,
        "receiving": FaxStatus.RECEIVING,
        "delivered": FaxStatus.DELIVERED,
        "received": FaxStatus.RECEIVED,
        "no-answer": FaxStatus.NO_ANSWER,
        "busy": FaxStatus.BUSY,
        "failed": FaxStatus.FAILED,
        "canceled": FaxStatus.CANCELED,
        "cancelled": FaxStatus.CANCELED,
    }
)
CALL_PROGRESS: Final = _names(
    "initiated ringing ringing_forwarded ringing_queued answered in-progress"
)
CALL_OVER: Final = "completed"

_BY_STATUS: Final = {
    FaxStatus.BUSY: "line.busy",
    FaxStatus.NO_ANSWER: "line.no_answer",
    FaxStatus.CANCELED: "user.canceled",
}
_BY_TEXT: Final = {
    # The texts of the page of common fax errors that are not spandsp's.
    plain("Connection Failed"): "line.unreachable",
    plain("Fax transmission not established"): "fax.not_detected",
    plain("Document loading error"): "document.fetch",
    plain("Document generation error"): "document.convert",
    plain("Log entry lost"): "provider.internal",
}
_BY_CODE: Final = {
    # SignalWire shows 34004 alone, with "The call dropped prematurely"; that the others mean
    # what they mean at Twilio is inferred.
    "34002": "line.busy",
    "34003": "line.no_answer",
    "34004": "line.dropped",
    "34108": "fax.incompatible",
    # Documented as errors of the API; that a fax could carry them is inferred.
    "4001": "account.credit",
    "30002": "account.credit",
    "21219": "account.limit",
    "21611": "account.limit",
    "21601": "account.not_allowed",
    "21211": "request.invalid_number",
    "21217": "request.invalid_number",
    "32009": "line.unreachable",
    "53603": "document.fetch",
    "63019": "document.fetch",
}
_T30: Final = re.compile(r"[0-9]{1,3}")
_CODE: Final = re.compile(r"[0-9]{1,6}")
_PRIVATE: Final = re.compile(r"PSK_\w*|\+?[0-9][0-9 ().-]{5,}[0-9]")


@dataclass(frozen=True, slots=True)
class Meaning:
    """A status word as it is understood; a status of None moves nothing."""

    status: FaxStatus | None
    asks_poll: bool = False


def understand(word: str, direction: Direction | None) -> Meaning:
    """Our status for a fax's or a call's word. Raises UnreadableError for any other.

    A fax is a call with a document, so the words of calls may appear; which payload goes with
    them is undocumented. A completed call is no delivered fax: only the API can tell.
    """
    known = word.strip().lower()
    if known in STATUSES:
        return Meaning(STATUSES[known])
    if known in CALL_PROGRESS:
        inbound = direction is Direction.INBOUND
        return Meaning(FaxStatus.RECEIVING if inbound else FaxStatus.SENDING)
    if known == CALL_OVER:
        return Meaning(None, asks_poll=True)
    raise UnreadableError(f"unknown status: {shown(word)}")


def understand_call(word: str, direction: Direction | None) -> Meaning:
    """The same for a word that speaks of the call alone: progress at most, never an end."""
    meaning = understand(word, direction)
    progress = word.strip().lower() in CALL_PROGRESS
    return meaning if progress else Meaning(None, asks_poll=True)


def reason_of(
    status: FaxStatus | None, direction: Direction | None, code: str | None, text: str | None
) -> str | None:
    """Why a fax ended as it did; None for a success and where our tables know nothing."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status is not FaxStatus.FAILED:
        return None
    reason = _reason_in(text) or _BY_CODE.get(code or "")
    return _as_received(reason, code or text) if direction is Direction.INBOUND else reason


def reason_of_result(direction: Direction | None, code: str | None, text: str | None) -> str | None:
    """Why a relay fax failed. That `result` is spandsp's completion code is inferred from the
    number 0 for success and from the texts beside it.
    """
    numbered = reason_for_code(int(code)) if code and _T30.fullmatch(code) else None
    reason = numbered or _reason_in(text)
    return _as_received(reason, code or text) if direction is Direction.INBOUND else reason


def unknown_error(error: FaxError | None) -> str | None:
    """What drift there is in an error without a reason. The text may hold numbers and names,
    so it stays in the event's detail.
    """
    if error is None:
        return None
    if error.code is None:
        return "unknown error text"
    known = _CODE.fullmatch(error.code)
    return f"unknown error code: {error.code}" if known else "unknown error code"


def shown(word: str) -> str:
    """A provider's word as a stored reason may hold it: short, printable, no key, no number."""
    printable = "".join(char for char in word.strip() if char.isprintable())
    return _PRIVATE.sub("[private]", printable)[:64]


def _reason_in(text: str | None) -> str | None:
    return (find_by_prefix(text, _BY_TEXT) or reason_for_text(text)) if text else None


def _as_received(reason: str | None, said: str | None) -> str | None:
    """Whatever went wrong on the line, a receiver has an incomplete fax and no call to repeat;
    faults of the account, the document or the provider stay what they are.
    """
    if reason is None:
        return "rx.incomplete" if said else None
    return as_received(reason)
