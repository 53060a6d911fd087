"""A fax at the fake UnifiedAPI, and the storage that takes its files.

Sources: the sample of the page on creating faxes (v5) for a place. Inferred from the storage that
the sample points to: a place takes its file within its life, whole, with the headers that were
given, and from nobody who shows credentials.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from faxhooks.simulator.fakes.serving import Asked, Told


@dataclass(slots=True, kw_only=True)
class Upload:
    """A file of a fax, and what has come of it."""

    path: str
    name: str
    media_type: str
    size: int
    until: datetime
    signature: str
    content: bytes | None = None

    @property
    def fax_id(self) -> str:
        """That of the fax it belongs to."""
        return self.path.split("/")[2]

    def place(self, origin: str, uid: str, now: datetime) -> dict[str, Any]:
        """Where it is to be put, by an address that is signed and of another host."""
        signed = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ"),
            "X-Amz-Expires": str(max(1, int((self.until - now).total_seconds()))),
            "X-Amz-Signature": self.signature,
        }
        shown = urlencode({"id": uid, "nm": self.name, "cl": "OTHER", "vw": "main"})
        storage = origin.replace("127.0.0.1", "localhost")
        return {
            "redirect": True,
            "heUri": f"{origin}/at/file/action?{shown}",
            "redirectUri": f"{storage}{self.path}?{urlencode(signed)}",
            "redirectHeaders": {
                "x-amz-meta-he-int-faxout": 1,
                "x-amz-meta-app-faxid": int(self.fax_id),
            },
            "contentType": self.media_type,
            "contentLength": self.size,
        }

    def take(self, asked: Asked, now: datetime) -> Told:
        """The file, or why not."""
        headers = asked.headers
        checks = (
            (asked.query.get("X-Amz-Signature") == self.signature, "SignatureDoesNotMatch"),
            (headers.get("x-amz-meta-app-faxid") == self.fax_id, "SignatureDoesNotMatch"),
            (headers.get("x-amz-meta-he-int-faxout") == "1", "SignatureDoesNotMatch"),
            (not {"authorization", "cookie", "x-xsrf-token"} & {*headers}, "InvalidArgument"),
            (now < self.until, "AccessDenied"),
            (len(asked.body) == self.size, "IncompleteBody"),
        )
        wrong = next((code for good, code in checks if not good), None)
        if wrong is not None:
            return denied(wrong)
        self.content = asked.body
        return Told(200)


@dataclass(slots=True)
class Fax:
    """A fax that was created; it is sent once all of its files are there."""

    id: int
    uid: str
    extension: str
    recipients: Sequence[str]
    files: list[Upload] = field(default_factory=list)

    @property
    def is_sent(self) -> bool:
        """Whether nothing is missing."""
        return all(file.content is not None for file in self.files)


def denied(code: str) -> Told:
    """403 with XML, as the storage has it."""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'
    return Told(403, body.encode(), {"Content-Type": "application/xml"})
