"""Files are put where the UnifiedAPI's answer says, with the headers it gives and nothing else.

Sources: the page on creating faxes (v5) for the answer, and that the addresses live for about
ten minutes; the storage is Amazon's by the look of the sample, so what is inferred here is by
its rules: the address is signed, so it is sent as it stands; the sample's header values are
numbers, and are sent as text; `X-Amz-Expires` is the life of the address; 403 means that it has
run out, or was altered. Credentials of the API have no place there and never go there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from faxhooks.providers.answers import Answer
from faxhooks.providers.asking import CredentialsError, RefusedError
from faxhooks.providers.calling import PATIENCE, Caller, Patience, check_base_url

EXPIRED: Final = "document.upload_expired"
LIFE_SECONDS: Final = 600
_LONGEST_LIFE: Final = 7 * 86400


@dataclass(frozen=True, slots=True)
class File:
    """A file of the fax, as it was announced."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a file goes, until when."""

    origin: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    until: datetime


def slots_of(answer: Answer, files: Sequence[File]) -> list[Slot]:
    """A place for each file, in their order. Raises StrangeAnswerError.

    The answer does not repeat our identifiers, so it is taken to be in our order, where type
    and length agree with that; else each file takes the first place that agrees with it.
    """
    left = answer.json().get("files")
    if not isinstance(left, list) or len(left) != len(files):
        raise answer.strange("without a place for each file")
    in_order = all(_agrees(place, file) for place, file in zip(left, files, strict=True))
    slots = []
    for number, file in enumerate(files):
        agreeing = [place for place in left if _agrees(place, file)]
        place = left[number] if in_order else next(iter(agreeing), None)
        if place is None:
            raise answer.strange(f"without a place for file {number + 1}")
        if not in_order:
            left = [each for each in left if each is not place]
        slots.append(_slot(answer, place))
    return slots


def put(title: str, slot: Slot, file: File, now: datetime, patience: Patience = PATIENCE) -> None:
    """Put a file there, once. Raises ProviderError."""
    if now >= slot.until:
        error = RefusedError(f"the address for an upload to {title} has run out; send the fax anew")
        error.reason = EXPIRED
        raise error
    caller = Caller(f"{title}'s storage", slot.origin, patience=patience)
    try:
        caller.call("PUT", slot.target, slot.headers, body=file.content)
    except CredentialsError as error:
        refused = RefusedError(
            f"{title}'s storage does not take the file; send the fax anew",
            status=error.status,
            code=error.code,
        )
        refused.reason = EXPIRED
        raise refused from None
    finally:
        caller.close()


def _agrees(place: Any, file: File) -> bool:
    """By what the place says of its file; what it does not say is no contradiction."""
    if not isinstance(place, dict):
        return False
    query = parse_qs(urlsplit(str(place.get("heUri") or "")).query)
    named = query.get("nm", [file.name])[0]
    kind, length = place.get("contentType"), place.get("contentLength")
    return (
        named == file.name
        and kind in (None, file.media_type)
        and length in (None, len(file.content), str(len(file.content)))
    )


def _slot(answer: Answer, place: Mapping[str, Any]) -> Slot:
    """Raises StrangeAnswerError for an address without encryption, which is for an API on this
    machine alone.
    """
    address, headers = place.get("redirectUri"), place.get("redirectHeaders") or {}
    if not isinstance(address, str) or not isinstance(headers, dict):
        raise answer.strange("without the address or the headers of an upload")
    try:
        parts = urlsplit(address)
        origin = check_base_url(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        origin = ""
    if not origin.startswith("https:" if answer.origin.startswith("https:") else "http"):
        raise answer.strange("one that sends files to no safe address")
    target = address[len(f"{parts.scheme}://{parts.netloc}") :].partition("#")[0]
    said = {str(name): _text(value) for name, value in headers.items() if value is not None}
    if not all((name + value).isprintable() for name, value in said.items()):
        raise answer.strange("one with headers that cannot be sent")
    return Slot(origin, target or "/", said, answer.received_at + _life(parts.query))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _life(query: str) -> timedelta:
    """Counted from the answer by our own clock, which may not agree with the storage's."""
    written = parse_qs(query).get("X-Amz-Expires", [""])[0]
    known = written.isascii() and written.isdigit() and len(written) < 9
    return timedelta(seconds=min(int(written), _LONGEST_LIFE) if known else LIFE_SECONDS)
