"""Asking the service's API what it now says of the faxes that were told of."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from faxhooks.domain.errors import FaxhooksError

Fax = dict[str, Any]
Tags = Mapping[str, str]

SHOWN: Final = 100
"""Of so many faxes all is kept; of the others only where they stand."""

_IDS: Final = 50
_LIMIT: Final = 200
_TIMEOUT: Final = 10.0
_STRANGE: Final = "nothing that the API of faxhooks would say"
_WAIT_YOUR_TURN: Final = Retry(
    total=None,
    connect=0,
    read=0,
    other=0,
    status=60,
    status_forcelist=[429],
    allowed_methods=["GET", "PATCH"],
    backoff_factor=0.1,
    raise_on_status=False,
)
"""Many faxes take more questions than a key may ask at once: it comes back when it is told to."""


@dataclass(slots=True)
class Standing:
    """Where the faxes stand: how many in each status, how many are unknown, and the first."""

    statuses: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    faxes: list[Fax] = field(default_factory=list)


class Api:
    """The query face of one running service, as seen with one key."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url.rstrip("/") + "/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {key}"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=_WAIT_YOUR_TURN))

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def standing(self, fax_ids: Iterable[str], tags: Tags | None = None) -> Standing:
        """Look the provider's ids up, and tag their faxes with `tags` on the way.

        Raises FaxhooksError when the API does not tell, or does not take the tags.
        """
        found, ids = Standing(), iter(fax_ids)
        while some := list(islice(ids, _IDS)):
            self._look_up(some, tags or {}, found)
        return found

    def history(self, fax: Fax) -> list[dict[str, Any]]:
        """A fax's events in order of arrival. Raises FaxhooksError like `standing`."""
        return list(self._rows(f"/faxes/{fax['id']}/history", {}))

    def _look_up(self, fax_ids: Sequence[str], tags: Tags, found: Standing) -> None:
        unseen = set(fax_ids)
        query = {"provider_fax_id": ",".join(fax_ids), "limit": str(_LIMIT)}
        for fax in self._rows("/faxes", query):
            unseen -= {fax["provider_fax_id"], *fax["references"]}
            found.statuses[fax["status"]] += 1
            shown = self._tag(fax, tags) if tags else fax
            if len(found.faxes) < SHOWN:
                found.faxes.append(shown)
        found.unknown += len(unseen)

    def _rows(self, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Every row, page after page."""
        cursor: str | None = None
        while True:
            page = self._get(path, query if cursor is None else {**query, "cursor": cursor})
            yield from page["data"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        said = self._ask("GET", path, params=query)
        if "data" not in said:
            raise FaxhooksError(f"the API answers 200: {_STRANGE}")
        return said

    def _tag(self, fax: Fax, tags: Tags) -> Fax:
        return self._ask("PATCH", f"/faxes/{fax['id']}", json={"tags": dict(tags)})

    def _ask(self, method: str, path: str, **words: Any) -> dict[str, Any]:
        """The object that was answered."""
        try:
            response = self._session.request(
                method, self._base_url + path, timeout=_TIMEOUT, allow_redirects=False, **words
            )
            body = response.json()
        except requests.RequestException as error:
            raise FaxhooksError(f"the API gave no answer: {type(error).__name__}") from error
        said = body if isinstance(body, dict) else {}
        if response.status_code != 200:
            detail = said.get("detail", _STRANGE)
            raise FaxhooksError(f"the API answers {response.status_code}: {detail}")
        return said
