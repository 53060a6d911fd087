"""Sending through the UnifiedAPI, in either of the two forms that its editions have.

Sources: the page on creating faxes, in v3 (multipart) and v5 (JSON, then a PUT of each file), and
the sample of each. The parts' order and the type of the files are those of the v3 sample, which
is not well-formed otherwise. In v5 nothing is sent before the files are there, and there is no
call that ends the upload; what becomes of a fax with some of its files is not documented.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from urllib3.filepost import encode_multipart_formdata

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Reference
from faxhooks.providers import reading
from faxhooks.providers.answers import Answer
from faxhooks.providers.asking import AwayError, ProviderError, RefusedError
from faxhooks.providers.authorizing import Authorized
from faxhooks.providers.checking import check_order
from faxhooks.providers.sending import (
    Abilities,
    Order,
    Sent,
    accepted,
    beforehand,
    explained,
    file_name,
)
from faxhooks.providers.unified.storing import File, put, slots_of
from faxhooks.providers.unified.words import (
    MEDIA_TYPES,
    NOT_IMPLEMENTED,
    NOTHING_SENT,
    REASONS,
    is_extension,
    is_recipient,
)

MULTIPART, JSON = FORMS = ("multipart", "json")
FILES_PER_FAX: Final = 5
"""By default; an administrator may allow 1 to 10."""

RECIPIENTS_PER_FAX: Final = 5
"""By default; an administrator may allow 1 to 999, and we need one."""

_SAMPLE_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Terms:
    """How an account sends: on behalf of `user`, from `extension` where the order names none.

    `prefix` is dialled in place of a number's `+`. The samples have digits alone, and no page
    says how a number of another country is written. `end` closes the path, since the samples
    of v3 and v5 differ in that.
    """

    name: str
    title: str
    extension: str
    user: str = "@me"
    form: str = MULTIPART
    files: int = FILES_PER_FAX
    prefix: str = ""
    end: str = ""


class UnifiedSender:
    """Sends with one account."""

    def __init__(self, api: Authorized, terms: Terms) -> None:
        self._api = api
        self._terms = terms
        self.abilities = Abilities(
            media_types=MEDIA_TYPES,
            recipient=is_recipient,
            sender=is_extension,
            most_files=terms.files,
            most_recipients=RECIPIENTS_PER_FAX,
        )

    @property
    def calls(self) -> int:
        """How many requests it has sent to the API so far, those for tokens included."""
        return self._api.calls

    def close(self) -> None:
        """Let the connections go."""
        self._api.close()

    def send(self, order: Order) -> Sent:
        """Send it once. Raises InvalidOrderError or ProviderError."""
        check_order(order, self.abilities)
        with explained(REASONS):
            return self._in_json(order) if self._terms.form == JSON else self._in_parts(order)

    def _in_parts(self, order: Order) -> Sent:
        fields: list[tuple[str, str | tuple[str, bytes, str]]] = [
            ("files", (file.name, file.content, _SAMPLE_TYPE)) for file in self._files(order)
        ]
        request = json.dumps({"recipients": [self._dialled(order.to)]}, separators=(",", ":"))
        body, kind = encode_multipart_formdata([*fields, ("request", request)])
        answer = self._post(order, body, kind)
        return accepted(self._terms.name, order, answer, *_ids(answer))

    def _in_json(self, order: Order) -> Sent:
        files = self._files(order)
        with beforehand():
            answer = self._post(
                order,
                {
                    "recipients": [self._dialled(order.to)],
                    "files": [
                        {
                            "uploadIdentifier": f"doc{number:03}",
                            "name": file.name,
                            "size": len(file.content),
                            "contentType": file.media_type,
                        }
                        for number, file in enumerate(files, 1)
                    ],
                },
            )
            ids = _ids(answer)
            slots = slots_of(answer, files)
        for number, (slot, file) in enumerate(zip(slots, files, strict=True)):
            try:
                put(self._terms.title, slot, file, datetime.now(UTC))
            except ProviderError as error:
                error.references = tuple(map(Reference, ids))
                error.maybe_done = error.maybe_done or number > 0
                raise
        return accepted(self._terms.name, order, answer, *ids)

    def _post(self, order: Order, body: object, kind: str = "") -> Answer:
        """The answer to the request that makes a fax; nothing was sent by 204 and by 501."""
        terms = self._terms
        user, extension = (
            quote(each, safe="@*") for each in (terms.user, order.sender or terms.extension)
        )
        target = self._api.caller.target(f"/uapi/faxes/{user}/{extension}{terms.end}")
        try:
            answer = self._api.call("POST", target, body, kind)
        except AwayError as error:
            if error.code == NOT_IMPLEMENTED:
                said = f"{terms.title} answered 501 (code {error.code}): it does not do this"
                raise RefusedError(said, status=error.status, code=error.code) from None
            raise
        if answer.status == 204:
            nothing = RefusedError(
                f"{terms.title} answered 204: there was no fax to be sent; check the recipient "
                "and the documents",
                status=204,
            )
            nothing.reason = NOTHING_SENT
            raise nothing
        return answer

    def _files(self, order: Order) -> Sequence[File]:
        return [
            File(file_name(each, self.abilities), each.media_type, each.content or b"")
            for each in order.documents
        ]

    def _dialled(self, number: str) -> str:
        return self._terms.prefix + number[1:] if number.startswith("+") else number


def _ids(answer: Answer) -> tuple[str, ...]:
    """The fax's `id`, a text in v3 and a number in v5, and its `uid`."""
    try:
        said = answer.json()
        found = tuple(filter(None, (reading.identifier(said, name) for name in ("id", "uid"))))
    except UnreadableError:
        raise answer.strange("one whose id or uid cannot be read") from None
    if not found:
        raise answer.strange("without the id of the fax")
    return found
