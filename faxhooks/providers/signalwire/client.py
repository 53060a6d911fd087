"""Asking SignalWire's Compatibility API about faxes.

Sources: the Compatibility API's reference (faxes: get, list, update, media; paging; error
codes) and the platform's page of data formats. Basic authentication with the project's id and
an API token of the scope Fax; forms in, JSON out; no `.json` behind a path, which older pages
have.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from faxhooks.domain.errors import UnreadableError
from faxhooks.providers import reading
from faxhooks.providers.answers import Answer
from faxhooks.providers.asking import Page, RefusedError, Sighting
from faxhooks.providers.calling import PATIENCE, Caller, Fields, Patience, segment
from faxhooks.providers.signalwire.answers import read_record
from faxhooks.providers.signalwire.values import web_address

API: Final = "/api/laml/2010-04-01"
PAGE_SIZE: Final = 200
"""Of the 1 to 1000 that may be asked for (reference, list all faxes); 50 is its default."""

_FAXES: Final = ("faxes",)
_MEDIA: Final = (("media",), ("fax_media",))


@dataclass(frozen=True, slots=True)
class Media:
    """A stored document of a fax; `url` is where it lies."""

    sid: str
    content_type: str | None
    url: str | None


class SignalWireClient:
    """Asks the API of one project's space.

    `space_url` is the space's origin; every link of an answer is resolved on it, and one that
    leads elsewhere is refused: that credentials stay on the space is our own rule.
    """

    def __init__(
        self,
        project: str,
        token: str,
        space_url: str,
        patience: Patience = PATIENCE,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._caller = Caller("SignalWire", space_url.rstrip("/") + API, code_of, patience)
        secret = b64encode(f"{project}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {secret}"}
        self._faxes = f"/Accounts/{project}/Faxes"
        self._page_size = page_size

    @property
    def calls(self) -> int:
        """How many requests it has sent so far."""
        return self._caller.calls

    def close(self) -> None:
        """Let the connection go."""
        self._caller.close()

    def find_fax(self, ids: Sequence[str]) -> Sighting | None:
        """The fax with the first of these ids that SignalWire knows."""
        answer = self._first("GET", ids)
        return None if answer is None else _sight(answer, ids)

    def list_faxes(self, since: datetime, until: datetime, cursor: str | None = None) -> Page:
        """A page of the faxes created after `since` and on or before `until`.

        `next_page_uri` is host-relative (page on paging), and followed as it is given: it
        carries the `PageToken` that all but the first page need.
        """
        target = cursor or self._caller.target(self._faxes, self._window(since, until))
        answer = self._call("GET", self._caller.follow(target, target))
        records = answer.records(_FAXES)
        following = answer.json().get("next_page_uri")
        if following is not None and not isinstance(following, str):
            raise answer.strange("one whose next_page_uri is no text")
        return Page(
            tuple(answer.sight(record, read_record) for record in records),
            self._caller.follow(answer.target, following) if following else None,
            answer.behind,
        )

    def cancel_fax(self, ids: Sequence[str]) -> Sighting | None:
        """Cancel a fax, which works while it is queued; later the code is 10000."""
        answer = self._first("POST", ids, {"Status": "canceled"})
        if answer is None:
            raise RefusedError("SignalWire knows no such fax, so it cannot be canceled", status=404)
        return _sight(answer, ids) if answer.body else None

    def create_fax(self, form: Fields) -> Answer:
        """Send a fax: not to be repeated while nobody knows whether it was taken."""
        return self._call("POST", self._caller.target(self._faxes), form)

    def list_media(self, fax_id: str) -> tuple[Media, ...]:
        """The stored documents of a fax: the first page of them, which one fax does not fill."""
        answer = self._first("GET", [fax_id], behind="/Media")
        if answer is None:
            return ()
        try:
            return tuple(_media(record) for record in answer.records(*_MEDIA))
        except UnreadableError:
            raise answer.strange("with a document that cannot be read") from None

    def _window(self, since: datetime, until: datetime) -> Fields:
        return {
            "DateCreatedAfter": _iso(since),
            "DateCreatedOnOrBefore": _iso(until),
            "PageSize": str(self._page_size),
        }

    def _first(
        self, method: str, ids: Sequence[str], form: Fields | None = None, behind: str = ""
    ) -> Answer | None:
        """The answer for the first of the ids that is known."""
        for part in filter(None, map(segment, ids)):
            target = self._caller.target(f"{self._faxes}/{part}{behind}")
            try:
                return self._call(method, target, form)
            except RefusedError as error:
                if error.status != 404:
                    raise
        return None

    def _call(self, method: str, target: str, form: Fields | None = None) -> Answer:
        return self._caller.call(method, target, self._headers, form)


def code_of(said: dict[str, Any]) -> str | None:
    """The number of an error, in either envelope: `{"code": …}`, or a list of `errors`, whose
    members may be objects or plain texts (reference, error codes).
    """
    errors = said.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else said
    code = first.get("code") if isinstance(first, dict) else None
    return None if code is None else str(code)


def _sight(answer: Answer, ids: Sequence[str]) -> Sighting:
    """The one fax in an answer, which must be the one that was asked about."""
    sighting = answer.sight_only("sid", read_record)
    asked = {each.lower() for each in ids}
    if any(event.references[0].id.lower() not in asked for event in sighting.events):
        raise answer.strange("about another fax than the one that was asked about")
    return sighting


def _media(record: bytes) -> Media:
    said = reading.json_object(record)
    sid = reading.identifier(said, "sid")
    if sid is None:
        raise UnreadableError("no id: sid is absent or blank")
    return Media(sid, reading.text(said, "content_type"), web_address(said, "url"))


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
