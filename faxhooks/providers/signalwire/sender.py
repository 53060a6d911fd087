"""Sending through SignalWire's Compatibility API.

Sources: the reference (send a fax) and its list of error codes; the page of common fax errors,
by which PDF alone is sent; the page on rate limits, by which faxes share the one call a second
of voice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from faxhooks.domain.errors import UnreadableError
from faxhooks.providers import reading
from faxhooks.providers.checking import check_order
from faxhooks.providers.sending import PDF, Abilities, Order, Sent, accepted, explained, is_e164
from faxhooks.providers.signalwire.client import SignalWireClient

EVENTS: Final = (
    "initiated",
    "ringing",
    "answered",
    "completed",
    "ringing_forwarded",
    "ringing_queued",
)
"""All that may be asked for; only `completed` is told of by default."""

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "4001": "account.credit",
        "10000": "request.other",
        "10001": "account.not_allowed",
        "20001": "provider.internal",
        "20003": "account.not_allowed",
        "20010": "account.not_allowed",
        "20404": "request.other",
        "20429": "account.limit",
        "20504": "provider.internal",
        "21210": "account.not_allowed",
        "21211": "request.invalid_number",
        "21212": "request.invalid_number",
        "21213": "request.invalid_number",
        "21217": "request.invalid_number",
        "21219": "account.limit",
        "21402": "request.other",
        "21456": "request.other",
        "21601": "account.not_allowed",
        "21603": "request.invalid_number",
        "21611": "account.limit",
        "21620": "document.fetch",
        "21626": "request.other",
        "30002": "account.credit",
        "32009": "line.unreachable",
        "53603": "document.fetch",
        "63019": "document.fetch",
    }
)
"""Why a fax was not taken, by the documented code of the error."""

REPEATED, JOINED, NONE = EVENT_FORMS = ("repeated", "joined", "none")


@dataclass(frozen=True, slots=True)
class Terms:
    """How an account sends. `store_media` is whether SignalWire keeps the document.

    `sip` are the name and password for recipients that are SIP addresses. No page shows how a
    list stands in a form, so `event_form` may be changed: the field repeated for each event,
    all of them in one with commas, or none at all, which leaves the end alone to be told of.
    """

    store_media: bool = True
    sip: tuple[str, str] | None = field(default=None, repr=False)
    event_form: str = REPEATED


ABILITIES: Final = Abilities(
    media_types={PDF: ".pdf"},
    recipient=lambda text: is_e164(text) or _is_sip(text),
    sender=lambda text: text.isprintable() and 0 < len(text) <= reading.MAX_ID,
    needs_sender=True,
    fetches=True,
    most_files=1,
    qualities=("standard", "fine", "superfine"),
    ttl=range(5, 301),
    calls_back=True,
    cancels=True,
    searches=True,
    per_second=1.0,
)


class SignalWireSender:
    """Sends with one project; the document is fetched from the address in the order."""

    abilities = ABILITIES

    def __init__(self, client: SignalWireClient, terms: Terms = Terms()) -> None:
        self._client = client
        self._terms = terms

    @property
    def calls(self) -> int:
        """How many requests it has sent so far."""
        return self._client.calls

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def send(self, order: Order) -> Sent:
        """Send it once. Raises InvalidOrderError or ProviderError."""
        check_order(order, self.abilities)
        with explained(REASONS):
            answer = self._client.create_fax(list(self._form(order)))
            try:
                said = answer.json()
                sid, word = reading.identifier(said, "sid"), reading.identifier(said, "status")
            except UnreadableError:
                raise answer.strange("one whose sid or status cannot be read") from None
            if sid is None:
                raise answer.strange("without the sid of the fax")
        sent = accepted("signalwire", order, answer, sid)
        event = sent.event._replace(provider_status=word, asks_poll=word != "queued")
        return replace(sent, event=event)

    def _form(self, order: Order) -> Iterator[tuple[str, str]]:
        yield "To", order.to
        yield "From", order.sender or ""
        yield "MediaUrl", order.documents[0].url or ""
        if order.quality is not None:
            yield "Quality", order.quality
        if order.ttl is not None:
            yield "Ttl", str(order.ttl)
        yield "StoreMedia", "true" if self._terms.store_media else "false"
        if order.callback_url is not None:
            yield from told_at(order.callback_url, self._terms.event_form)
        if self._terms.sip is not None and _is_sip(order.to):
            yield "SipAuthUsername", self._terms.sip[0]
            yield "SipAuthPassword", self._terms.sip[1]


def told_at(hook_url: str, event_form: str) -> Iterator[tuple[str, str]]:
    """The fields of a request to send that have every event told at that URL."""
    yield "StatusCallback", hook_url
    yield "StatusCallbackMethod", "POST"
    if event_form == JOINED:
        yield "StatusCallbackEvent", ",".join(EVENTS)
    elif event_form == REPEATED:
        for event in EVENTS:
            yield "StatusCallbackEvent", event


def _is_sip(text: str) -> bool:
    scheme, _, rest = text.partition(":")
    return scheme.lower() in ("sip", "sips") and rest.isprintable() and 0 < len(rest) <= 190
