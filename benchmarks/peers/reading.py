"""Who sent a callback and what it says, as shortly as a manual would show it; the Flask limits
and the Python peers share it, and `fastify_pg/reading.js` is the same in JavaScript.
"""

import hmac
import json
import os
from base64 import b64encode
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

RANKS: Final = {"queued": 10, "processing": 20, "sending": 30, "receiving": 30}
FINAL: Final = 50
FAXPLUS: Final = {
    "success": "delivered",
    "in_progress": "receiving",
    "partially_sent": "partial",
    "partially_received": "partial",
    "failed_user_busy": "busy",
    "failed_no_answer": "no-answer",
}


class Said(NamedTuple):
    """One callback: the bytes, and what they say about which fax."""

    digest: bytes
    provider: str
    body: bytes
    reference: str
    status: str
    rank: int
    pages: int | None
    sender: str
    recipient: str


def read(provider: str, token: str, signature: str, body: bytes) -> Said | None:
    """What was said by somebody who knows the token, and the key where there is one; else None.

    The environment has PUBLIC_URL, SIGNING_KEY, SIGNALWIRE_TOKEN and FAXPLUS_TOKEN.
    """
    known = os.environ.get(f"{provider.upper()}_TOKEN", "")
    if not hmac.compare_digest(token.encode(), known.encode()):
        return None
    if provider == "signalwire":
        return _read_form(f"{os.environ['PUBLIC_URL']}/hooks/signalwire/{token}", signature, body)
    return _read_json(body)


def _read_form(url: str, signature: str, body: bytes) -> Said | None:
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    made = b64encode(hmac.digest(os.environ["SIGNING_KEY"].encode(), signed.encode(), "sha1"))
    if not hmac.compare_digest(made, signature.encode()):
        return None
    status, pages = fields["FaxStatus"], fields.get("NumPages")
    about = (fields["FaxSid"], status, RANKS.get(status, FINAL), int(pages) if pages else None)
    digest = sha256(body).digest()
    return Said(digest, "signalwire", body, *about, fields["From"], fields["To"])


def _read_json(body: bytes) -> Said:
    data = json.loads(body)["data"]
    status = FAXPLUS.get(data["status"], "failed")
    about = (data["id"], status, RANKS.get(status, FINAL), data["pages"])
    return Said(sha256(body).digest(), "faxplus", body, *about, data["from"], data["to"])
