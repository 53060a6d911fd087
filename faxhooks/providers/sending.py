"""Sending a fax through a provider: what is asked for, what a provider can do, what came of it.

A sender sends one fax, once. It checks the order against the provider's abilities before a byte
leaves (`InvalidOrderError` names every field at fault); afterwards it raises `ProviderError` and
nothing else, whose `maybe_done` says whether the fax may have been sent all the same, whose
`reason` says why in the words of `domain/reasons.py`, and whose `references` are the ids that the
provider had given before it failed. Whoever sends must not send again while `maybe_done` is set,
until `find_sent` (in `searching.py`) or a person has said that nothing was sent.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import InvalidInputError
from faxhooks.domain.fax import Direction, Evidence, FaxEvent, FaxStatus, Reference, Source
from faxhooks.providers import reading
from faxhooks.providers.answers import Answer
from faxhooks.providers.asking import (
    CredentialsError,
    ProviderError,
    RefusedError,
    ThrottledError,
)

PDF: Final = "application/pdf"
TIFF: Final = "image/tiff"
JPEG: Final = "image/jpeg"
TEXT: Final = "text/plain"

FLAGS: Final = ("urgent", "for_review", "please_reply", "confidential")
"""What may be ticked on a cover page."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_ENDING: Final = re.compile(r"\.(pdf|tiff?|jpe?g|txt)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file to be faxed: its bytes, or the address where the provider is to fetch it."""

    name: str
    media_type: str
    content: bytes | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverPage:
    """What stands on the page before the documents; `flags` are some of `FLAGS`."""

    name_to: str | None = None
    name_from: str | None = None
    subject: str | None = None
    message: str | None = None
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One fax to one recipient. What is None is left to the provider's own default.

    `sender` is the number (or extension) it comes from, `ttl` the minutes for which it is
    tried, `retries` how often the provider tries again and `retry_delay` how long it waits in
    between, by its own measure; `schedule_at` is aware, and a time that has passed means now.
    `comment` is a note that the provider keeps with the fax, `callback_url` the account's hook.
    """

    to: str
    documents: tuple[Document, ...]
    sender: str | None = None
    quality: str | None = None
    ttl: int | None = None
    schedule_at: datetime | None = None
    retries: int = 0
    retry_delay: int | None = None
    cover_page: CoverPage | None = None
    comment: str | None = None
    callback_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a provider takes, by its documentation; None is no limit that it names.

    `media_types` has the ending a file of each type is given. `fetches` tells whether documents
    must be at an address, where the provider fetches them, or are uploaded by us. `ttl` and
    `qualities` are empty where there is no such choice, `retries` and `retry_delay` 0 where the
    provider does not try again by itself. `recipient` and `sender` say whether a text may be
    one end of a fax. `calls_back` tells whether each fax names its own callback URL; it is
    False where hooks are registered once, and where there are none.
    """

    media_types: Mapping[str, str]
    recipient: Callable[[str], bool]
    sender: Callable[[str], bool]
    needs_sender: bool = False
    fetches: bool = False
    most_files: int | None = None
    most_bytes: int | None = None
    most_recipients: int | None = 1
    qualities: tuple[str, ...] = ()
    ttl: range = range(0)
    schedules: bool = False
    retries: int = 0
    retry_delay: int = 0
    cover_page: bool = False
    comment: bool = False
    calls_back: bool = False
    cancels: bool = False
    searches: bool = False
    per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A fax that the provider has accepted: the fact of it, and the answer that said so."""

    event: FaxEvent
    answer: Callback

    @property
    def references(self) -> tuple[Reference, ...]:
        """The provider's ids for it, the main one first."""
        return self.event.references


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field of an order, and the reason a fax with it would fail for."""

    field: str
    message: str
    reason: str


class InvalidOrderError(InvalidInputError):
    """An order that the provider cannot carry out; nothing was sent."""

    def __init__(self, faults: tuple[FieldFault, ...]) -> None:
        super().__init__(faults[0].field, "; ".join(f"{f.field}: {f.message}" for f in faults))
        self.faults = faults


class Sender(Protocol):
    """Sends with one account; not for two threads at once, and closed after use."""

    @property
    def abilities(self) -> Abilities:
        """What this account's provider can do."""

    @property
    def calls(self) -> int:
        """How many requests it has sent so far."""

    def send(self, order: Order) -> Sent:
        """Send it once. Raises InvalidOrderError, or ProviderError as the module says."""

    def close(self) -> None:
        """Let the connections go."""


def is_e164(text: str) -> bool:
    """Whether it is a number as all providers take it: `+` and 7 to 15 digits."""
    return _E164.fullmatch(text) is not None


def file_name(document: Document, abilities: Abilities) -> str:
    """The document's name without folders, with the ending that the provider's pages give its
    type: some tell a file's type by nothing else.
    """
    last, ending = re.split(r"[/\\]", document.name)[-1], abilities.media_types[document.media_type]
    stem, dot, found = last.rpartition(".")
    if dot and _ENDING.fullmatch(dot + found):
        last = stem
    return f"{last or 'fax'}{ending}"


def accepted(provider: str, order: Order, answer: Answer, *ids: str) -> Sent:
    """What to return for an order that was accepted under these ids."""
    event = FaxEvent(
        digest=reading.digest_of(provider, "send", *ids),
        references=tuple(Reference(each) for each in dict.fromkeys(ids)),
        received_at=answer.received_at,
        status=FaxStatus.QUEUED,
        provider_status=None,
        source=Source.SEND,
        evidence=Evidence.OWN,
        direction=Direction.OUTBOUND,
        sender=reading.number({"from": order.sender}, "from"),
        recipient=reading.number({"to": order.to}, "to"),
    )
    return Sent(event, answer.keep(answer.body))


@contextmanager
def beforehand() -> Iterator[None]:
    """For the requests that lead up to the one that sends: if they fail, nothing was sent."""
    try:
        yield
    except ProviderError as error:
        error.maybe_done = False
        raise


@contextmanager
def explained(reasons: Mapping[str, str]) -> Iterator[None]:
    """Give what goes wrong in here its reason, by the provider's code, else by its kind."""
    try:
        yield
    except ProviderError as error:
        if error.reason is None:
            error.reason = reasons.get(error.code or "") or _reason_of_kind(error)
        raise


def _reason_of_kind(error: ProviderError) -> str:
    if error.status == 413:
        return "document.size"
    if isinstance(error, CredentialsError):
        return "account.not_allowed"
    if isinstance(error, ThrottledError):
        return "account.limit"
    return "request.other" if isinstance(error, RefusedError) else "provider.internal"
