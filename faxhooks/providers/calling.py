"""One HTTP request to a provider's API, and what came of it: an answer or a ProviderError.

Credentials go to the configured origin and nowhere else: no redirect is followed, a link that
leads to another origin is refused, and neither proxies nor passwords are taken from the
environment. Messages hold no address, no secret and no word of an answer but its code.
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as TimeoutError_

from faxhooks import __version__
from faxhooks.providers.answers import Answer, behind, fault, retry_after
from faxhooks.providers.asking import AwayError, ProviderError, StrangeAnswerError
from faxhooks.providers.departing import DEPARTURES, WatchedAdapter

_LOCAL: Final = ("127.0.0.1", "::1", "localhost")
_CHUNK: Final = 64 * 1024
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

Fields = Mapping[str, str] | Sequence[tuple[str, str]]
Explain = Callable[[Any], str | None]
"""Takes an answer's JSON and returns the provider's code for the fault, if it has one."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for the connection, for each part of an answer, and for all of it; and the most
    bytes that an answer may have.
    """

    connect: float = 5.0
    read: float = 20.0
    total: float = 60.0
    size: int = 16 * 1024 * 1024


PATIENCE: Final = Patience()


class Caller:
    """A connection to one origin, by which requests are sent, one at a time and each once."""

    def __init__(
        self,
        title: str,
        base_url: str,
        explain: Explain = lambda _: None,
        patience: Patience = PATIENCE,
    ) -> None:
        parts = urlsplit(base_url)
        self.calls = 0
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._title = title
        self._base = parts.path.rstrip("/")
        self._explain = explain
        self._patience = patience
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.clear()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, WatchedAdapter())
        # Nothing compressed, so that the bytes that are counted are the bytes that are kept.
        self._fixed = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"faxhooks/{__version__}",
        }

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()

    def target(self, path: str, query: Fields | None = None) -> str:
        """The path below the base, with a query behind it."""
        return self._base + path + (f"?{urlencode(query)}" if query else "")

    def follow(self, target: str, link: str) -> str:
        """The target that a link in the answer to `target` leads to. Raises StrangeAnswerError
        when it leads to another scheme, host or port, where nobody may see our credentials.
        """
        try:
            parts = urlsplit(urljoin(self.origin + target, link))
        except ValueError:
            parts = urlsplit("")
        if f"{parts.scheme}://{parts.netloc}" != self.origin:
            raise StrangeAnswerError(f"{self._title} gave a link to another host; not followed")
        return parts._replace(scheme="", netloc="", fragment="").geturl()

    def call(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        form: Fields | None = None,
        body: Any = None,
    ) -> Answer:
        """Send a request, with a form or JSON if any, and return a good answer.

        Bytes in place of JSON go as they are; their type is then among the headers. Raises
        ProviderError for anything else than a good answer.
        """
        sent = {**self._fixed, **headers}
        data: bytes | None = None
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            data = urlencode(form).encode()
        elif isinstance(body, bytes):
            data = body
        elif body is not None:
            sent["Content-Type"] = "application/json"
            data = json.dumps(body, separators=(",", ":")).encode()
        self.calls += 1
        answer, wait = self._exchange(method, target, sent, data)
        if not 200 <= answer.status < 300:
            raise fault(self._title, answer, self._code(answer), wait)
        return answer

    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], data: bytes | None
    ) -> tuple[Answer, float | None]:
        until = time.monotonic() + self._patience.total
        DEPARTURES.seen = False
        try:
            with self._session.send(
                self._prepared(method, target, headers, data),
                timeout=(self._patience.connect, self._patience.read),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response, until, method)
        except (requests.RequestException, HTTPError) as error:
            # Without its cause, whose text and arguments hold the whole address.
            raise self._no_answer(error, method) from None
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        now = datetime.now(UTC)
        wait = retry_after(response.headers.get("Retry-After"), now)
        late = behind(response.headers.get("Date"), now)
        status = response.status_code
        return Answer(method, self.origin, target, status, content, kind, now, late), wait

    def _prepared(
        self, method: str, target: str, headers: Mapping[str, str], data: bytes | None
    ) -> requests.PreparedRequest:
        """With the target as it was given: one that is signed must not be written anew."""
        url = self.origin + target
        request = self._session.prepare_request(
            requests.Request(method, url, headers=dict(headers), data=data)
        )
        request.url = url
        return request

    def _read(self, response: requests.Response, until: float, method: str) -> bytes:
        """The whole answer, unless it is too long or comes too slowly."""
        content = bytearray()
        while chunk := response.raw.read1(_CHUNK):
            content += chunk
            if len(content) > self._patience.size:
                raise StrangeAnswerError(
                    f"{self._title} answered with more than {self._patience.size} bytes",
                    maybe_done=method != "GET",
                )
            if time.monotonic() > until:
                raise self._away("did not finish its answer in time", method != "GET")
        return bytes(content)

    def _no_answer(self, error: Exception, method: str) -> AwayError:
        cause = _cause(error)
        left = method != "GET" and DEPARTURES.seen
        if isinstance(cause, TimeoutError_) and not isinstance(cause, NewConnectionError):
            return self._away("did not answer in time", left)
        return self._away(f"gave no answer ({type(cause).__name__})", left)

    def _away(self, what: str, maybe_done: bool) -> AwayError:
        return AwayError(f"{self._title} {what}; ask again later", maybe_done=maybe_done)

    def _code(self, answer: Answer) -> str | None:
        """The provider's code, where it looks like one; its text may hold anything."""
        try:
            code = self._explain(answer.json())
        except ProviderError:
            return None
        return code if code is not None and _CODE.fullmatch(code) else None


def check_base_url(value: str) -> str:
    """An API's address, without a path's last slash. Raises ValueError for any other.

    Without encryption it may be on this machine only: credentials go there.
    """
    address = value.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        port_is_odd = parts.port == 0
    except ValueError:
        parts, port_is_odd = urlsplit(""), True
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    plain = address.isascii() and address.isprintable() and not {*" \\?#@"} & {*address}
    if port_is_odd or not plain or not parts.hostname or not (parts.scheme == "https" or local):
        raise ValueError("must be like https://api.example.com, or http:// on this machine")
    return parts._replace(scheme=parts.scheme, netloc=parts.netloc.lower()).geturl()


def segment(identifier: str) -> str | None:
    """An id as one part of a path; None for one that would lead elsewhere in the API."""
    return quote(identifier, safe="") if identifier.strip(".") else None


def _cause(error: Exception) -> object:
    """What is at the bottom of an exception of requests or urllib3."""
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    return getattr(inner, "reason", None) or inner
