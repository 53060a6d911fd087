"""SignalWire's callbacks: who may send them, what they state and what they are answered."""

from dataclasses import dataclass, field
from html import escape
from typing import Final

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Evidence, FaxEvent
from faxhooks.providers.base import Reply
from faxhooks.providers.signalwire.parameters import asks_what_to_do, read_parameters
from faxhooks.providers.signalwire.relay import read_relay
from faxhooks.providers.signalwire.signatures import authenticate

_XML: Final = "application/xml"
_NOTHING: Final = Reply(b"<Response/>", _XML)


@dataclass(frozen=True, slots=True)
class SignalWire:
    """Reads the callbacks of one SignalWire project.

    `signing_keys` are tried newest first. `hook_url` is where an incoming fax is to be
    reported. `unsigned_json` believes `calling.call.fax` posts without a signature: no page
    of the vendor says whether those are signed.
    """

    signing_keys: tuple[str, ...] = field(repr=False)
    hook_url: str = field(default="", repr=False)
    unsigned_json: bool = False

    def verify(self, callback: Callback) -> Evidence:
        """Signed, or unsigned JSON where that is allowed. Raises AuthenticityError."""
        return authenticate(callback, self.signing_keys, unsigned_json=self.unsigned_json)

    def normalize(self, callback: Callback) -> tuple[FaxEvent, ...]:
        """The one fact of a callback. Raises UnreadableError when there is none."""
        if _has_parameters(callback):
            return (read_parameters(callback.fields, callback.received_at),)
        return (read_relay(callback.body, callback.received_at),)

    def reply(self, callback: Callback) -> Reply:
        """`<Response/>`, or `<Receive>` to a number that asks what to do with a fax.

        An empty response to that question would lose the fax (cXML reference, fax). The
        content type is needed, or the request counts as failed with error 12100.
        """
        try:
            asks = _has_parameters(callback) and asks_what_to_do(dict(reversed(callback.fields)))
        except UnreadableError:
            return _NOTHING
        return self._receive() if asks else _NOTHING

    def _receive(self) -> Reply:
        receive = f'<Receive action="{escape(self.hook_url)}"/>'
        document = f'<?xml version="1.0" encoding="UTF-8"?><Response>{receive}</Response>'
        return Reply(document.encode("utf-8", "xmlcharrefreplace"), _XML)


def _has_parameters(callback: Callback) -> bool:
    """Whether it is a query or a form; anything else is read as JSON."""
    return callback.method == "GET" or callback.is_form
