"""The parameters of a form or query: a fax's status, or a number's question about a fax.

Source: the cXML fax reference and the guide on callbacks for inbound faxes. Every parameter
is optional on the wire, so only an id is required here.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Direction, Evidence, FaxError, FaxEvent, FaxStatus, Reference
from faxhooks.providers import reading
from faxhooks.providers.signalwire.values import drift_of, web_address
from faxhooks.providers.signalwire.words import (
    KNOWN,
    Meaning,
    reason_of,
    understand,
    understand_call,
    unknown_error,
)

Parameters = Mapping[str, str]

_ID: Final = ("FaxSid", "Sid")
_STATUS: Final = ("FaxStatus", "Status")
_CALL: Final = ("CallStatus", "StatusCallbackEvent")
_DATE: Final = re.compile(
    r"([A-Za-z]{3}, *)?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}(:[0-9]{2})?"
    r" ([+-][0-9]{4}|[A-Z]{1,5})"
)


def read_parameters(fields: tuple[tuple[str, str], ...], received_at: datetime) -> FaxEvent:
    """The fact that these parameters state. Raises UnreadableError."""
    said = _distinct(fields)
    fax = reading.identifier(said, *_ID)
    if fax is None:
        raise UnreadableError("no id: FaxSid is absent or blank")
    word = reading.identifier(said, *_STATUS, *_CALL)
    direction, meaning = _direction(said), _meaning(said)
    if meaning is None:
        direction, meaning = Direction.INBOUND, Meaning(FaxStatus.RECEIVING)
    code, message = reading.identifier(said, "ErrorCode"), reading.text(said, "ErrorMessage")
    pages, time = reading.text(said, "NumPages", "Pages"), reading.text(said, "Timestamp")
    occurred_at = moment(time) if time else None
    reason, error = _cause(meaning, direction, code, message)
    duration, media_url = _duration(said), web_address(said, "MediaUrl")
    return FaxEvent(
        digest=reading.digest_of("signalwire", "form", fax, word, code, message, pages, time),
        references=(Reference(fax),),
        received_at=received_at,
        evidence=Evidence.SIGNED,  # Without a signature only JSON may be believed.
        status=meaning.status,
        provider_status=word,
        occurred_at=occurred_at,
        direction=direction,
        sender=reading.number(said, "From"),
        recipient=reading.number(said, "To"),
        reason=reason,
        detail=message,
        error=error,
        pages=reading.count(said, "NumPages", "Pages"),
        duration=duration,
        media_url=media_url,
        remote_station_id=reading.text(said, "RemoteStationId"),
        asks_poll=meaning.asks_poll,
        drift=drift_of(
            (time, occurred_at, "unreadable time: Timestamp"),
            (said.get("Duration"), duration, "unreadable duration: Duration"),
            (said.get("MediaUrl"), media_url, "unreadable address: MediaUrl"),
            (meaning.status is FaxStatus.FAILED, reason, unknown_error(error)),
        ),
    )


def asks_what_to_do(said: Parameters) -> bool:
    """Whether a number asks what to do with a fax that is coming in.

    That request has the standard parameters and no status. A status callback of a sent fax
    that has lost its status would look alike but for the address of its document, which is
    documented for sent faxes alone.
    """
    if any(said.get(name, "").strip() for name in (*_STATUS, *_CALL)):
        return False
    named = any(said.get(name, "").strip() for name in _ID)
    return named and _direction(said) is not Direction.OUTBOUND


def moment(written: str) -> datetime | None:
    """A time in ISO 8601, as fax callbacks have it, or in RFC 2822, as voice callbacks do."""
    if not _DATE.fullmatch(written):
        return reading.moment(written)
    try:
        return reading.moment(parsedate_to_datetime(written).isoformat())
    except (ValueError, OverflowError):
        return None


def _distinct(fields: tuple[tuple[str, str], ...]) -> Parameters:
    """Each parameter once. One of ours that comes twice and disagrees tells nothing."""
    said: dict[str, str] = {}
    for name, value in fields:
        reading.clean(name, "the name of a parameter")
        reading.clean(value, "the value of a parameter")
        if said.setdefault(name, value) != value and name in KNOWN:
            raise UnreadableError(f"contradiction: {name} came twice with different values")
    return said


def _meaning(said: Parameters) -> Meaning | None:
    """The status that is stated; None for a number's question, which has none."""
    direction = _direction(said)
    if word := reading.identifier(said, *_STATUS):
        return understand(word, direction)
    if word := reading.identifier(said, *_CALL):
        return understand_call(word, direction)
    if not asks_what_to_do(said):
        raise UnreadableError("no status: FaxStatus of a sent fax is absent or blank")
    return None


def _direction(said: Parameters) -> Direction | None:
    """What is stated; else outbound when there is the document we sent; else unknown."""
    word = said.get("Direction", "").strip().lower()
    if word == "inbound":
        return Direction.INBOUND
    sent = said.get("OriginalMediaUrl", "").strip()
    return Direction.OUTBOUND if word.startswith("outbound") or sent else None


def _duration(said: Parameters) -> int | None:
    """Seconds. No page has it on a fax callback, so an odd one must not cost us the status."""
    try:
        return reading.count(said, "Duration")
    except UnreadableError:
        return None


def _cause(
    meaning: Meaning, direction: Direction | None, code: str | None, message: str | None
) -> tuple[str | None, FaxError | None]:
    error = FaxError(code, message) if code or message else None
    return reason_of(meaning.status, direction, code, message), error
