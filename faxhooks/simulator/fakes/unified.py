"""A fake of the UnifiedAPI's faxes, as VoipNow and Hubgets have them: create, and the upload.

Written from the pages on creating faxes, v3 (multipart) and v5 (JSON), and on error responses.
Inferred: what makes a recipient or an extension invalid, and that 204 answers a request without
files.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

from faxhooks.simulator.fakes.behaviour import Behaviour
from faxhooks.simulator.fakes.fake import Answer, Fake
from faxhooks.simulator.fakes.multipart import parts_of
from faxhooks.simulator.fakes.serving import Asked, Told
from faxhooks.simulator.fakes.unified_faxes import Fax, Upload, denied
from faxhooks.simulator.story import Secrets

ENDINGS: Final = ("jpg", "tif", "pdf", "txt")
_NUMBER: Final = re.compile(r"\+?[0-9]{2,20}|[0-9]{1,10}\*[0-9]{2,10}")
_EXTENSION: Final = re.compile(r"([0-9]{4}\*)?[0-9]{3}")
_USER: Final = re.compile(r"@me|@viewer|@owner|[0-9]+")
_MESSAGES: Final[Mapping[str, str]] = {
    "fx_recipients_invalid": "Value supplied in the Recipients parameter is missing or invalid.",
    "fx_file_invalid": "One of the files that must be sent as fax are invalid.",
    "fx_max_files_reached": "The number of files that can be sent was exceeded.",
}


class UnifiedFake(Fake):
    """One server. `fault` is a status and a code that answers whatever is to be created next,
    until it is unset; 204 has no code. Places live for `life` seconds of the provider's time.
    """

    forms: Sequence[str] = ()
    most_files = 5
    most_recipients = 5

    def __init__(
        self,
        behaviour: Behaviour,
        secrets: Secrets,
        calls_at: str | None = None,
        start: datetime | None = None,
    ) -> None:
        super().__init__(behaviour, calls_at, start)
        self.secrets = secrets
        self.faxes: dict[int, Fax] = {}
        self.fault: tuple[int, str] | None = None
        self.life = 600.0

    @property
    def delivered(self) -> list[Fax]:
        """The faxes that were sent, in their order."""
        return [fax for fax in self.faxes.values() if fax.is_sent]

    @property
    def options(self) -> Mapping[str, str]:
        """The account's option that leads here."""
        return {"base-url": self.url}

    @property
    def routes(self) -> Sequence[tuple[str, str, Answer]]:
        """Only the one that creates; and the storage, which is another service's."""
        return (
            ("POST", "/uapi/faxes/(?P<user>[^/]+)/(?P<extension>[^/]+)/?", self._create),
            ("PUT", "/storage/(?P<fax>[0-9]+)/(?P<file>[0-9]+)", self._store),
        )

    def unauthorized(self) -> Told:
        """401, by its documented code."""
        return refused(401, "access_denied", "You do not have access to this resource.")

    def not_found(self) -> Told:
        """501: whatever else is asked for is not implemented."""
        return refused(501, "request_not_implemented", "The request is not implemented.")

    def malformed(self) -> Told:
        """400, by the code for a fax that failed."""
        return refused(400, "internal_server_error", "Failed to send the fax.")

    def throttled(self) -> Told:
        """429, of which no page speaks."""
        return refused(429, "too_many_requests", "Too many requests.")

    def answer(self, asked: Asked) -> Told:
        """Other paths than those documented are of some web server in front of it."""
        if not asked.path.startswith(("/uapi/", "/storage/", "/oauth/")):
            return Told(404, b"<html>Not Found</html>", {"Content-Type": "text/html"})
        return super().answer(asked)

    def _create(self, asked: Asked, match: re.Match[str]) -> Told:
        if self.fault is not None:
            status, code = self.fault
            return Told(204) if status == 204 else refused(status, code, "As it was told to.")
        if not _USER.fullmatch(match["user"]):
            return refused(400, "user_invalid", "The user is invalid.")
        if not _EXTENSION.fullmatch(match["extension"]):
            return refused(400, "extension_invalid", "The extension is invalid.")
        request, contents = self._read(asked)
        files = request.get("files", [])
        if not files:
            return Told(204)
        if wrong := self._wrong(request.get("recipients"), files):
            return refused(400, wrong, _MESSAGES[wrong])
        fax = self._keep(match["extension"], request, contents)
        return Told.json(self._created(fax, in_parts=bool(contents)))

    def _read(self, asked: Asked) -> tuple[dict[str, Any], list[bytes]]:
        """The request in either form, with the contents that came along; a form that this
        server does not have is malformed.
        """
        in_parts = asked.headers.get("content-type", "").startswith("multipart/")
        if ("multipart" if in_parts else "json") not in self.forms:
            raise ValueError("the other form")
        if not in_parts:
            return asked.json(), []
        parts = parts_of(asked)
        request = json.loads(next((p.body for p in parts if p.name == "request"), b""))
        came = [part for part in parts if part.filename is not None]
        request["files"] = [
            {"name": p.filename, "contentType": p.content_type, "size": len(p.body)} for p in came
        ]
        return request, [part.body for part in came]

    def _wrong(self, recipients: Any, files: Sequence[Mapping[str, Any]]) -> str | None:
        """The code of what is wrong with a request, if anything is."""
        called = recipients if isinstance(recipients, list) else []
        if not 0 < len(called) <= self.most_recipients:
            return "fx_recipients_invalid"
        if not all(isinstance(each, str) and _NUMBER.fullmatch(each) for each in called):
            return "fx_recipients_invalid"
        if len(files) > self.most_files:
            return "fx_max_files_reached"
        names = [str(file.get("name", "")) for file in files]
        good = all(name.rpartition(".")[2].lower() in ENDINGS for name in names)
        return None if good and all(file.get("size") for file in files) else "fx_file_invalid"

    def _keep(self, extension: str, request: Mapping[str, Any], contents: Sequence[bytes]) -> Fax:
        number, random = len(self.faxes) + 262, self.dice.random("fax")
        fax = Fax(number, f"{random.getrandbits(128):032x}", extension, request["recipients"])
        until = self.clock.now() + timedelta(seconds=self.life)
        for index, file in enumerate(request["files"]):
            fax.files.append(
                Upload(
                    path=f"/storage/{number}/{index}",
                    name=file["name"],
                    media_type=str(file.get("contentType", "")),
                    size=file["size"],
                    until=until,
                    signature=f"{random.getrandbits(256):064x}",
                    content=contents[index] if contents else None,
                )
            )
        self.faxes[fax.id] = fax
        return fax

    def _created(self, fax: Fax, *, in_parts: bool) -> dict[str, Any]:
        """The id is a text in v3 and a number in v5."""
        if in_parts:
            return {"id": str(fax.id), "uid": fax.uid}
        places = [file.place(self.url, fax.uid, self.clock.now()) for file in fax.files]
        return {"id": fax.id, "uid": fax.uid, "files": places}

    def _store(self, asked: Asked, match: re.Match[str]) -> Told:
        """A file at its place."""
        fax, number = self.faxes.get(int(match["fax"])), int(match["file"])
        if fax is None or number >= len(fax.files):
            return denied("NoSuchKey")
        return fax.files[number].take(asked, self.clock.now())


def refused(status: int, code: str, message: str) -> Told:
    """An error in the documented envelope."""
    return Told.json({"error": {"code": code, "message": message}}, status)


def form_of(asked: Asked) -> dict[str, str]:
    """The fields of a form."""
    return {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
