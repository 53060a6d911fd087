"""SignalWire's requests: their parameters, and how each kind of them is signed.

Written from the vendor's pages alone and not from the adapter, so that the one checks the
other. Sources: the cXML fax reference, the guide on callbacks for inbound faxes, the SWML
reference (`send_fax`, `receive_fax`), and both guides on webhook security.
"""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from faxhooks.simulator.story import FORM, JSON, Prepared, Stage, with_query

Fields = Mapping[str, str]

SHA1: Final = "X-SignalWire-Signature"
SHA256: Final = "X-SignalWire-SHA256-Signature"
FILES: Final = "https://files.signalwire.com"


def sign_fields(key: str, url: str, fields: Fields) -> str:
    """Base64 of HMAC-SHA1 over the URL, then each name and value in order of the names.

    A GET has its fields in the URL and none besides (guide on webhook security, cXML).
    """
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return b64encode(hmac.digest(key.encode(), text.encode(), "sha1")).decode()


def sign_body(key: str, url: str, body: bytes, hash_name: str) -> str:
    """Hexadecimal HMAC over the URL and the raw body (guide on webhook security, SWML)."""
    return hmac.digest(key.encode(), url.encode() + body, hash_name).hex()


@dataclass(frozen=True, slots=True)
class Fax:
    """A fax of the Compatibility API, by the parameters that all its requests have."""

    stage: Stage
    sid: str
    pages: int

    @classmethod
    def on(cls, stage: Stage) -> "Fax":
        """A new fax of this story."""
        return cls(stage, stage.uuid(), stage.random.randint(1, 9))

    def standard(self) -> dict[str, str]:
        """The five standard parameters; a number's own request about a fax has no others."""
        return {
            "FaxSid": self.sid,
            "AccountSid": self.stage.secret("project-id"),
            "From": self.stage.sender,
            "To": self.stage.recipient,
            "ApiVersion": "v1",
        }

    def states(self, word: str, at: datetime, more: Fields) -> dict[str, str]:
        """A status, in a sample of the vendor's with a timestamp."""
        time = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {**self.standard(), "FaxStatus": word, "Timestamp": time, **more}

    def document(self, remote: str) -> dict[str, str]:
        """Where the stored pages are, how many, and who the remote machine says it is."""
        project, media = self.stage.secret("project-id"), self.stage.uuid()
        return {
            "MediaSid": media,
            "MediaUrl": f"{FILES}/{project}/fax/{media}.pdf",
            "NumPages": str(self.pages),
            "RemoteStationId": remote,
        }

    def post(self, fields: Fields) -> Prepared:
        """The fields as a form, which is the default."""
        url = self.stage.hook_url
        signature = sign_fields(self.stage.secret("signing-key"), url, fields)
        headers = {"Content-Type": FORM, SHA1: signature}
        return Prepared(self.sid, "POST", url, headers, urlencode(fields).encode())

    def get(self, fields: Fields) -> Prepared:
        """The fields as a query, as `StatusCallbackMethod` may ask for."""
        url = with_query(self.stage.hook_url, fields)
        signature = sign_fields(self.stage.secret("signing-key"), url, {})
        return Prepared(self.sid, "GET", url, {SHA1: signature}, b"")


@dataclass(frozen=True, slots=True)
class CallFax:
    """A fax within a call, as SWML and Relay tell of it; it has no FaxSid."""

    stage: Stage
    direction: str
    call_id: str
    control_id: str
    channel: str
    node_id: str
    space_id: str

    @classmethod
    def on(cls, stage: Stage, direction: str) -> "CallFax":
        """A new fax of this story; the direction is `send` or `receive`."""
        channel, node = f"swml:{stage.uuid()}", f"{stage.uuid()}@us-west"
        return cls(stage, direction, stage.uuid(), stage.uuid(), channel, node, stage.uuid())

    def post(self, kind: str, at: datetime, params: Mapping[str, Any]) -> Prepared:
        """One `calling.call.fax` event, `page` or `finished`, signed in both ways."""
        fax = {"type": kind, "params": {"direction": self.direction, **params}}
        event = {
            "event_type": "calling.call.fax",
            "event_channel": self.channel,
            "timestamp": round(at.timestamp(), 3),
            "project_id": self.stage.secret("project-id"),
            "space_id": self.space_id,
            "params": {
                "call_id": self.call_id,
                "node_id": self.node_id,
                "control_id": self.control_id,
                "fax": fax,
            },
        }
        body = json.dumps(event, separators=(",", ":")).encode()
        key, url = self.stage.secret("signing-key"), self.stage.hook_url
        headers = {
            "Content-Type": JSON,
            SHA1: sign_body(key, url, body, "sha1"),
            SHA256: sign_body(key, url, body, "sha256"),
        }
        return Prepared(self.control_id, "POST", url, headers, body)

    def finished(self, at: datetime, pages: int, result: int, text: str) -> Prepared:
        """The end; `identity` is the account's own end, and the result 0 a success."""
        ends = self.stage.sender, self.stage.recipient
        own, remote = ends if self.direction == "send" else reversed(ends)
        params = {
            "identity": own,
            "remote_identity": remote,
            "document": f"{FILES}/{self.stage.uuid()}.pdf",
            "pages": pages,
            "success": result == 0,
            "result": result,
            "result_text": text,
            "format": "pdf",
        }
        return self.post("finished", at, params)
