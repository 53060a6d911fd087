"""Our words for people who do not know the codes: short, and the same everywhere."""

from collections.abc import Mapping
from typing import Final

from faxhooks.domain.fax import Evidence, FaxStatus, Flag
from faxhooks.services.advising import advice

STATUS_WORDS: Final[Mapping[str, str]] = {
    FaxStatus.QUEUED: "Queued",
    FaxStatus.PROCESSING: "Being prepared",
    FaxStatus.SENDING: "On its way",
    FaxStatus.RECEIVING: "Coming in",
    FaxStatus.UNCONFIRMED: "Unconfirmed",
    FaxStatus.DELIVERED: "Delivered",
    FaxStatus.RECEIVED: "Received",
    FaxStatus.PARTIAL: "Only in part",
    FaxStatus.NO_ANSWER: "No answer",
    FaxStatus.BUSY: "Busy",
    FaxStatus.FAILED: "Failed",
    FaxStatus.CANCELED: "Canceled",
}

REASON_WORDS: Final[Mapping[str, str]] = {
    "line.busy": "The line was engaged",
    "line.no_answer": "Nobody answered",
    "line.unallocated": "The number does not exist",
    "line.rejected": "The call was turned away",
    "line.unreachable": "The number could not be reached",
    "line.dropped": "The call broke off",
    "fax.not_detected": "No fax machine answered",
    "fax.training_failed": "The machines found no common speed",
    "fax.incompatible": "The other machine cannot take this fax",
    "fax.ident_rejected": "The other machine does not take our faxes",
    "tx.page_unconfirmed": "A page was not confirmed",
    "tx.ecm_error": "Too many errors on the line",
    "tx.protocol": "The machines did not understand each other",
    "tx.retries_exhausted": "All tries were used up",
    "tx.partial": "Only some pages got through",
    "tx.zero_pages": "No page got through",
    "document.fetch": "The document could not be fetched",
    "document.convert": "The document could not be turned into a fax",
    "document.type": "This kind of document cannot be faxed",
    "document.size": "The document is too large",
    "document.upload_expired": "The document was uploaded too late",
    "account.credit": "The account has no credit left",
    "account.limit": "The account has reached a limit",
    "account.not_allowed": "The account may not fax there",
    "request.invalid_number": "This is not a number that can be called",
    "request.other": "The provider did not take the request",
    "provider.internal": "Something broke at the provider",
    "provider.ttl_expired": "It could not be sent in the time it was given",
    "rx.incomplete": "The incoming fax is incomplete",
    "user.canceled": "It was withdrawn",
    "unknown": "Nobody has said why",
}

EVIDENCE_NAMES: Final[Mapping[str, str]] = {
    Evidence.SIGNED: "Signature right",
    Evidence.UNSIGNED: "Came by the secret URL",
    Evidence.CONFIRMED: "Asked of the provider",
    Evidence.OWN: "Known here",
}
"""For a cell of a table; `telling` has the sentences."""

FLAG_NAMES: Final[Mapping[str, str]] = {
    Flag.CONFLICT: "Contradiction",
    Flag.PROVISIONAL: "May not be the end",
    Flag.RETRYING: "About to be tried again",
}

_RECEIVERS: Final = {"rx.incomplete": "ask the sender to send it again"}
"""Who receives has nothing to send again."""


def advise(code: str) -> str:
    """What to do about a reason, as a sentence."""
    said = _RECEIVERS.get(code) or advice(code)
    return f"{said[:1].upper()}{said[1:]}."
