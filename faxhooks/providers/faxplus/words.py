"""What Fax.Plus says about a fax, and what it means to us.

Source: the vendor's page of fax statuses (24 words), the hang-up causes its users report,
and the status model of this product.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Direction, FaxStatus
from faxhooks.domain.reasons import as_received
from faxhooks.providers.t30 import reason_for_code

_PARTIAL, _FAILED = FaxStatus.PARTIAL, FaxStatus.FAILED

EVENTS: Final[Mapping[str, Direction]] = MappingProxyType(
    {"fax_sent": Direction.OUTBOUND, "fax_received": Direction.INBOUND}
)
"""`fax_sent` is posted for failures too: the status decides, never the event."""

FAILURES: Final[Mapping[str, tuple[FaxStatus, str]]] = MappingProxyType(
    {
        "partially_sent": (_PARTIAL, "tx.partial"),
        "partially_received": (_PARTIAL, "rx.incomplete"),
        "insufficient_credit": (_FAILED, "account.credit"),
        "failed": (_FAILED, "provider.internal"),
        "failed_internal_process_error": (_FAILED, "provider.internal"),
        "failed_to_send": (_FAILED, "provider.internal"),
        "failed_user_busy": (FaxStatus.BUSY, "line.busy"),
        "failed_no_answer": (FaxStatus.NO_ANSWER, "line.no_answer"),
        # The vendor's page explains this one as a busy line, but the cause it is named after
        # (Q.850 16) is an ordinary hang-up, so no busy line is claimed.
        "failed_normal_clearing": (_FAILED, "line.dropped"),
        "failed_normal_temporary_failure": (_FAILED, "line.unreachable"),
        "failed_unallocated_number": (_FAILED, "line.unallocated"),
        "failed_invalid_number_format": (_FAILED, "request.invalid_number"),
        "failed_destination_not_supported": (_FAILED, "account.not_allowed"),
        "failed_mimetype_not_supported": (_FAILED, "document.type"),
        "failed_office_converter_issue": (_FAILED, "document.convert"),
        "failed_separate_file_pages_issue": (_FAILED, "document.convert"),
        "failed_render_header_issue": (_FAILED, "document.convert"),
        "failed_image_preparation": (_FAILED, "document.convert"),
        "failed_convert_to_tiff_issue": (_FAILED, "document.convert"),
        "failed_unknown_converter_issue": (_FAILED, "document.convert"),
        # Reported by users, on no page of the vendor.
        "failed_call_rejected": (_FAILED, "line.rejected"),
        "failed_origination_unknown": (_FAILED, "line.unreachable"),
        "failed_zero_page_transmitted": (_FAILED, "tx.zero_pages"),
    }
)

OUTBOX: Final[Mapping[str, FaxStatus]] = MappingProxyType(
    {
        "submitted": FaxStatus.QUEUED,
        "scheduled_for_sending": FaxStatus.QUEUED,
        "converting": FaxStatus.PROCESSING,
        "sending": FaxStatus.SENDING,
    }
)
"""The four states of a fax in the outbox (API reference), which it leaves once it is sent."""

# Only 49 and 2 are on the vendor's page. That the number is spandsp's T.30 completion code is
# inferred from those two, whose meanings fit.
_T30 = re.compile(r"failed_fs_([0-9]{1,3})")
_TOKEN = re.compile(r"alohi_pat_[\w-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Meaning:
    """A status word as it is understood; `known` is false where only its prefix was."""

    status: FaxStatus
    reason: str | None = None
    known: bool = True


def understand(word: str, direction: Direction) -> Meaning:
    """Our status and reason for a word, whatever its case.

    New words with the prefix `failed_` come without notice, so they are failures of an
    unknown cause; any other new word raises UnreadableError.
    """
    plain = word.lower()
    inbound = direction is Direction.INBOUND
    if plain == "success":
        return Meaning(FaxStatus.RECEIVED if inbound else FaxStatus.DELIVERED)
    if plain == "in_progress":
        return Meaning(FaxStatus.RECEIVING if inbound else FaxStatus.SENDING)
    failure = _failure(plain)
    if failure is None:
        raise UnreadableError(f"unknown status: {shown(word)}")
    return _received(failure) if inbound else failure


def _failure(word: str) -> Meaning | None:
    if word in FAILURES:
        return Meaning(*FAILURES[word])
    numbered = _T30.fullmatch(word)
    reason = reason_for_code(int(numbered[1])) if numbered else None
    if word.startswith("failed_"):
        return Meaning(_FAILED, reason, known=reason is not None)
    return None


def _received(failure: Meaning) -> Meaning:
    """A fault of the call leaves the receiver with an incomplete fax, and with no call to
    repeat; faults of the account or of the provider stay what they are.
    """
    if failure.reason is None:
        return failure
    return Meaning(failure.status, as_received(failure.reason), failure.known)


def shown(word: str) -> str:
    """A provider's word as a stored reason may hold it: short, printable, no access token."""
    printable = "".join(char for char in word if char.isprintable())
    return _TOKEN.sub("[token]", printable)[:64] or "(unprintable)"
