"""A fax at the fake SignalWire: its record, its document, and what its callbacks say.

Sources: the OpenAPI description (FaxResponse) for the record; the cXML fax reference for the
callbacks, which are built and signed by the same code as the stories of `simulate`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from faxhooks.simulator.fakes.fake import Life, Step
from faxhooks.simulator.signalwire import DROPPED
from faxhooks.simulator.signalwire_requests import FILES, Fax
from faxhooks.simulator.story import Prepared, Stage

QUALITIES: Final = ("standard", "fine", "superfine")
EVENTS: Final = (
    "initiated",
    "ringing",
    "answered",
    "completed",
    "ringing_forwarded",
    "ringing_queued",
)
_TOLD_OF: Final = {"queued": "initiated", "processing": "ringing", "sending": "answered"}
_ARRIVED: Final = ("delivered", "received")
_BILLED: Final = timedelta(seconds=60)
"""After its end a fax has a price, of which no callback tells."""

_PRICE: Final = 0.005


@dataclass(slots=True)
class Sent:
    """A fax, sent or (with the field `Direction`) received; `fields` are those of its request."""

    stage: Stage
    sid: str
    media_sid: str
    created_at: datetime
    pages: int
    life: Life
    fields: Mapping[str, str]

    @property
    def direction(self) -> str:
        """As the record names it."""
        return self.fields.get("Direction", "outbound")

    def event_of(self, step: Step) -> str:
        """The event by which a state is reported; inferred, but for the end's."""
        return _TOLD_OF.get(step.word, "completed")

    def record(self, now: datetime, origin: str) -> dict[str, Any]:
        """The fax as the API shows it."""
        step, project = self.life.step(now), self.stage.secret("project-id")
        over, arrived = self.life.is_over(now), step.word in _ARRIVED
        billed = over and now >= step.at + _BILLED
        error = DROPPED if step.word == "failed" else {}
        path = f"/api/laml/2010-04-01/Accounts/{project}/Faxes/{self.sid}"
        return {
            "account_sid": project,
            "api_version": "v1",
            "date_created": iso(self.created_at),
            "date_updated": iso(step.at),
            "direction": self.direction,
            "from": self.stage.sender,
            "media_url": self._media_url if arrived and self._is_stored else None,
            "media_sid": self.media_sid,
            "num_pages": str(self.pages) if arrived else None,
            "price": f"-{_PRICE * self.pages:.3f}" if billed and arrived else None,
            "price_unit": "USD" if billed else None,
            "quality": self.fields.get("Quality", "fine"),
            "sid": self.sid,
            "status": step.word,
            "to": self.stage.recipient,
            "duration": int((step.at - self.created_at).total_seconds()) if over else None,
            "links": {"media": f"{origin}{path}/Media"},
            "url": f"{origin}{path}",
            "error_code": error.get("ErrorCode"),
            "error_message": error.get("ErrorMessage"),
        }

    def media(self, now: datetime) -> dict[str, Any] | None:
        """The stored document, once there is one."""
        step = self.life.step(now)
        if step.word not in _ARRIVED or not self._is_stored:
            return None
        project = self.stage.secret("project-id")
        return {
            "account_sid": project,
            "content_type": "application/pdf",
            "date_created": iso(step.at),
            "date_updated": iso(step.at),
            "fax_sid": self.sid,
            "sid": self.media_sid,
            "uri": f"/api/laml/2010-04-01/Accounts/{project}/Faxes/{self.sid}/Media/"
            f"{self.media_sid}",
            "url": self._media_url,
        }

    def tell(self, step: Step) -> Prepared | None:
        """The callback of a state; None once it has turned out that it never came to it."""
        if step not in self.life.steps:
            return None
        fax = Fax(self.stage, self.sid, self.pages)
        fields = fax.states(step.word, step.at, self._details(step.word))
        by_get = self.fields.get("StatusCallbackMethod") == "GET"
        return fax.get(fields) if by_get else fax.post(fields)

    def question(self) -> Prepared:
        """What a number asks when a fax comes in: the standard parameters and no status."""
        fax = Fax(self.stage, self.sid, self.pages)
        return fax.post(fax.standard())

    def _details(self, word: str) -> dict[str, str]:
        original = self.fields.get("MediaUrl")
        details = {"OriginalMediaUrl": original} if original else {}
        if word == "failed":
            details |= DROPPED
        if word in _ARRIVED:
            details |= {
                "NumPages": str(self.pages),
                "RemoteStationId": self._remote,
                "MediaSid": self.media_sid,
            } | ({"MediaUrl": self._media_url} if self._is_stored else {})
        return details

    @property
    def _remote(self) -> str:
        inbound = self.direction == "inbound"
        return self.stage.sender if inbound else self.stage.recipient

    @property
    def _is_stored(self) -> bool:
        return self.fields.get("StoreMedia", "true") == "true"

    @property
    def _media_url(self) -> str:
        return f"{FILES}/{self.stage.secret('project-id')}/fax/{self.media_sid}.pdf"


def iso(moment: datetime) -> str:
    """A time as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
