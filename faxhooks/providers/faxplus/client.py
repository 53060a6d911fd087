"""Asking Fax.Plus' API about faxes, and registering hooks there.

Sources: the API reference (outbox, faxes, hooks) and the vendor's package for paths and
parameters. No page says how often it may be asked, only that tight polling is watched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from urllib3.filepost import encode_multipart_formdata

from faxhooks.domain.errors import UnreadableError
from faxhooks.providers import reading
from faxhooks.providers.answers import Answer
from faxhooks.providers.asking import Page, RefusedError, Sighting
from faxhooks.providers.authorizing import Authorized, Tokens
from faxhooks.providers.calling import PATIENCE, Caller, Fields, Patience, segment
from faxhooks.providers.connecting import Hook, needing
from faxhooks.providers.faxplus.answers import FAXES, OUT, RecordReader
from faxhooks.providers.faxplus.tokens import code_of
from faxhooks.providers.faxplus.words import EVENTS
from faxhooks.providers.sending import TIFF

API_URL: Final = "https://restapi.fax.plus/v3"
CATEGORIES: Final = ("sent", "inbox")
"""Which lists are walked; there is `spam` too, for those who want it."""

PAGE_SIZE: Final = 100

READ, EDIT = "fax:webhook:read", "fax:webhook:edit"
"""The scopes that hooks take; `fax:all:read` and `fax:all:edit` do too (reference, hooks)."""

_LISTS: Final = (("data", "records"), ("data",), ("records",), ())
"""Where a list stands: for faxes, for hooks, for the outbox; and bare, as some have seen it."""

_UNKNOWN: Final = (400, 404)
"""What an id that is not there is answered with: no page says, so both are taken for it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked: the API at this address, for one user (`self` is whose token it is), in
    these lists, so many faxes at a time.
    """

    api_url: str = API_URL
    user: str = "self"
    categories: tuple[str, ...] = CATEGORIES
    page_size: int = PAGE_SIZE


class FaxPlusClient:
    """Asks the API with one account's tokens."""

    hook_events: ClassVar[tuple[str, ...]] = tuple(EVENTS)

    def __init__(
        self,
        tokens: Tokens,
        reader: RecordReader,
        scope: Scope = Scope(),
        patience: Patience = PATIENCE,
    ) -> None:
        self._caller = Caller("Fax.Plus", scope.api_url, code_of, patience)
        self._api = Authorized(self._caller, tokens)
        self._reader = reader
        self._account = f"/accounts/{segment(scope.user) or 'self'}"
        self._page_size = scope.page_size
        self._categories = scope.categories

    @property
    def calls(self) -> int:
        """How many requests it has sent so far, those for tokens included."""
        return self._api.calls

    def close(self) -> None:
        """Let the connections go."""
        self._api.close()

    def find_fax(self, ids: Sequence[str]) -> Sighting | None:
        """In the outbox while it is on its way or tried again, else among the faxes.

        An id may be of either kind, and a fax that has left the outbox is found under its old
        id or not at all: so each is looked up in both, which takes two requests.
        """
        for part in filter(None, map(segment, ids)):
            waiting = self._look_up(f"{self._account}/{OUT}/{part}")
            if waiting is not None and waiting.events:
                return waiting
            settled = self._look_up(f"{self._account}/{FAXES}/{part}")
            if settled is not None or waiting is not None:
                return settled or waiting
        return None

    def list_faxes(self, since: datetime, until: datetime, cursor: str | None = None) -> Page:
        """The outbox first, which is one page; then the faxes sent, then those received.

        A list names neither its length nor a next page, so it ends with an empty page, or with
        one that ends as the page before did, should an offset be ignored.
        """
        if cursor is None:
            answer = self._call("GET", self._caller.target(f"{self._account}/{OUT}"))
            return Page(self._sightings(answer), self._categories[0], answer.behind)
        category, _, rest = cursor.partition(":")
        offset, _, seen = rest.partition(":")
        query = self._window(category, since, until, offset or "0")
        answer = self._call("GET", self._caller.target(f"{self._account}/{FAXES}", query))
        found = self._sightings(answer)
        last = found[-1].digest.hex() if found else seen
        if last == seen:
            return Page((), self._after(category), answer.behind)
        following = f"{category}:{int(offset or 0) + len(found)}:{last}"
        return Page(found, following, answer.behind)

    def cancel_fax(self, ids: Sequence[str]) -> Sighting | None:
        """Take a fax out of the outbox; Fax.Plus says nothing of it afterwards."""
        for part in filter(None, map(segment, ids)):
            if self._try("DELETE", f"{self._account}/{OUT}/{part}") is not None:
                return None
        raise RefusedError("Fax.Plus has no such fax in its outbox, so it cannot be canceled")

    def upload(self, name: str, media_type: str, content: bytes) -> str:
        """Leave a file with Fax.Plus for a while; the path by which a fax names it."""
        form = {"format": "tiff" if media_type == TIFF else "pdf"}
        target = self._caller.target(f"{self._account}/files", form)
        body, kind = encode_multipart_formdata([("fax_file", (name, content, media_type))])
        answer = self._call("POST", target, body, kind)
        path = answer.json().get("path")
        if not isinstance(path, str) or not path:
            raise answer.strange("without the path of the file")
        return path

    def add_to_outbox(self, fax: Mapping[str, object]) -> Answer:
        """Have it sent: not to be repeated while nobody knows whether it was taken."""
        return self._call("POST", self._caller.target(f"{self._account}/{OUT}"), fax)

    def list_hooks(self) -> tuple[Hook, ...]:
        """Event by event, since the API lists the hooks of one only."""
        return tuple(hook for event in self.hook_events for hook in self._hooks_of(event))

    def add_hook(self, target: str, event: str) -> Hook:
        """Register one; it cannot be changed afterwards, only removed."""
        url = self._caller.target("/hooks")
        with needing("Fax.Plus", EDIT):
            answer = self._call("POST", url, {"target": target, "event": event})
        made = answer.json().get("id")
        if not isinstance(made, str) or not made:
            raise answer.strange("without the id of the hook")
        return Hook(made, target, event)

    def remove_hook(self, hook_id: str) -> None:
        """End one; one that is not there is as good as removed."""
        if part := segment(hook_id):
            with needing("Fax.Plus", EDIT):
                self._try("DELETE", f"/hooks/{part}")

    def _hooks_of(self, event: str) -> list[Hook]:
        with needing("Fax.Plus", READ):
            answer = self._call("GET", self._caller.target("/hooks", {"event": event}))
        try:
            return [_hook(record, event) for record in answer.records(*_LISTS)]
        except UnreadableError:
            raise answer.strange("with a hook that cannot be read") from None

    def _after(self, category: str) -> str | None:
        left = self._categories[self._categories.index(category) + 1 :]
        return left[0] if left else None

    def _window(self, category: str, since: datetime, until: datetime, offset: str) -> Fields:
        """Oldest first, so that what comes in meanwhile moves nothing to another page."""
        after, before = (
            time.astimezone(self._reader.zone).strftime("%Y-%m-%d %H:%M:%S")
            for time in (since, until)
        )
        return {
            "category": category,
            "after": after,
            "before": before,
            "limit": str(self._page_size),
            "offset": offset,
            "sort_by": "date",
            "order": "asc",
        }

    def _sightings(self, answer: Answer) -> tuple[Sighting, ...]:
        return tuple(answer.sight(each, self._reader.read) for each in answer.records(*_LISTS))

    def _look_up(self, path: str) -> Sighting | None:
        answer = self._try("GET", path)
        return None if answer is None else answer.sight_only("id", self._reader.read)

    def _try(self, method: str, path: str) -> Answer | None:
        """The answer, or None for what is not there."""
        try:
            return self._call(method, self._caller.target(path))
        except RefusedError as error:
            if error.status not in _UNKNOWN:
                raise
            return None

    def _call(self, method: str, target: str, body: object = None, kind: str = "") -> Answer:
        return self._api.call(method, target, body, kind)


def _hook(record: bytes, event: str) -> Hook:
    said = reading.json_object(record)
    hook_id, target = reading.identifier(said, "id"), reading.text(said, "target")
    if hook_id is None:
        raise UnreadableError("no id: id is absent or blank")
    return Hook(hook_id, target or "", reading.identifier(said, "event") or event)
