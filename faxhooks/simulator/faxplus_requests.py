"""Fax.Plus webhooks, in the shape of the vendor's sample.

Source: the vendor's page on webhooks. They are not signed, and no page names their content
type, so JSON is inferred.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from faxhooks.simulator.story import JSON, Prepared, Stage

SENT: Final = "fax_sent"
RECEIVED: Final = "fax_received"
OF_INBOUND: Final = ("partially_received", "in_progress")
CALL: Final = timedelta(seconds=40)
"""How long an attempt takes here."""


@dataclass(frozen=True, slots=True)
class Session:
    """A fax with all attempts at it, which share its id, its user and its file."""

    stage: Stage
    event: str
    id: str
    uid: str
    file: str
    pages: int

    @classmethod
    def on(cls, stage: Stage, event: str, began_at: datetime) -> "Session":
        """A new fax of this story."""
        uid, file = stage.hexadecimal(32), stage.hexadecimal(32)
        return cls(stage, event, object_id(stage, began_at), uid, file, stage.random.randint(1, 9))

    def tell(self, word: str, at: datetime, attempt: str | None = None) -> Prepared:
        """How an attempt ended; the first has the session's own id. `cost` is in pages."""
        sent = self.event != RECEIVED
        paid = word in ("success", *OF_INBOUND, "partially_sent")
        other = self.stage.recipient if sent else self.stage.sender
        hook = {
            "id": attempt or self.id,
            "event": self.event,
            "event_time": self._local(at),
            "target": self.stage.hook_url,
        }
        data = {
            "id": self.id,
            "uid": self.uid,
            "pages": self.pages,
            "from": written(self.stage.sender),
            "to": written(self.stage.recipient),
            "start_time": self._local(at - CALL),
            "file": f"{self.file}.tiff",
            "file_name": f"fax-{'to' if sent else 'from'}-{other.removeprefix('+')}",
            "status": word,
            "cost": self.pages if paid else 0,
        }
        body = json.dumps({"hook": hook, "data": data}, separators=(",", ":")).encode()
        return Prepared(self.id, "POST", self.stage.hook_url, {"Content-Type": JSON}, body)

    def _local(self, at: datetime) -> str:
        """Webhook times name no zone; the account's option says which it is."""
        zone = ZoneInfo(self.stage.secret("time-zone", "UTC"))
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def object_id(stage: Stage, at: datetime) -> str:
    """An id as in the vendor's samples: its first eight digits are the time it was made."""
    return f"{int(at.timestamp()):08x}{stage.hexadecimal(16)}"


def written(number: str) -> str:
    """A number as the vendor's webhook sample writes it: `+1 310-555-0100`."""
    digits = number.removeprefix("+1")
    plain = number.startswith("+1") and len(digits) == 10 and digits.isdigit()
    return f"+1 {digits[:3]}-{digits[3:6]}-{digits[6:]}" if plain else number
