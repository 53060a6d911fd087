"""What the UnifiedAPI says when it does not send a fax, and what may stand in an order for it.

Sources: the pages on creating faxes and on error responses (v3), for the codes and the envelope;
that v5 has the same codes is inferred, since its list was not found. A token's error has an
envelope of its own (seen in the vendor's published client).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from faxhooks.providers.sending import JPEG, PDF, TEXT, TIFF, is_e164

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fx_recipients_invalid": "request.invalid_number",
        "fx_file_invalid": "document.type",
        "fx_max_files_reached": "request.other",
        "internal_server_error": "provider.internal",
        "request_not_implemented": "request.other",
        "user_invalid": "account.not_allowed",
        "access_denied": "account.not_allowed",
        "access_denided": "account.not_allowed",  # As a sample of the vendor's spells it.
        "extension_invalid": "account.not_allowed",
    }
)
NOT_IMPLEMENTED: Final = "request_not_implemented"
NOTHING_SENT: Final = "request.other"
"""Of a 204, by which there were no faxes to be sent."""

MEDIA_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {JPEG: ".jpg", TIFF: ".tif", PDF: ".pdf", TEXT: ".txt"}
)

_EXTENSION: Final = re.compile(r"([0-9]{1,10}\*)?[0-9]{2,10}")
_DIALLED: Final = re.compile(r"[0-9]{2,20}")


def is_extension(text: str) -> bool:
    """`0003*210`, or `210` for short. The vendor's client knows three digits behind the star;
    that there may be more or fewer is inferred, and wrong ones have a code of their own.
    """
    return _EXTENSION.fullmatch(text) is not None


def is_recipient(text: str) -> bool:
    """Any phone number, extensions too."""
    return is_e164(text) or is_extension(text) or _DIALLED.fullmatch(text) is not None


def code_of(said: Mapping[str, Any]) -> str | None:
    """The code in either envelope: `{"error": {"code": …}}`, and `{"error": "…"}` of a token."""
    error = said.get("error")
    code = error.get("code") if isinstance(error, dict) else error
    return code if isinstance(code, str) else None
