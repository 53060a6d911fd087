"""One connection to the service, and what comes back over it."""

import socket
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import requests

from faxhooks.domain.errors import FaxhooksError, InvalidInputError
from faxhooks.simulator.story import Prepared

TIMEOUT: Final = 5.0
"""Seconds for each answer, as SignalWire's read timeout is (common webhook errors)."""

DISCONNECTED: Final = "disconnected"
TIMED_OUT: Final = "timeout"
_IDLE: Final = 1.0
"""Seconds after which a connection is opened anew: servers close idle ones about then."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status code as text, `timeout` or `disconnected`; in how many seconds."""

    callback: Prepared
    said: str
    seconds: float

    @property
    def accepted(self) -> bool:
        """Whether the service has taken the callback over."""
        return self.said.isdigit() and 200 <= int(self.said) < 300


class Line:
    """One thread's connection to the service."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "faxhooks-simulator"
        self._used_at = 0.0

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def send(self, callback: Prepared, url: str) -> Answer:
        """Send it once; a provider's retries are for scenarios to tell."""
        if time.monotonic() - self._used_at > _IDLE:
            self._session.close()
        began = time.perf_counter()
        said = self._exchange(callback, url)
        self._used_at = time.monotonic()
        return Answer(callback, said, time.perf_counter() - began)

    def _exchange(self, callback: Prepared, url: str) -> str:
        try:
            response = self._session.request(
                callback.method,
                url,
                data=callback.body,
                headers=dict(callback.headers),
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.Timeout:
            return TIMED_OUT
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return DISCONNECTED
        return str(response.status_code)


def check_reachable(base_url: str, timeout: float = TIMEOUT) -> None:
    """Raise FaxhooksError with what to do when nothing takes connections there."""
    try:
        parts = urlsplit(base_url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        raise InvalidInputError("url", "--url must be like http://127.0.0.1:8000") from None
    try:
        socket.create_connection((parts.hostname or "", port), timeout).close()
    except (OSError, UnicodeError):
        message = f"nothing answers at {base_url}; is `make run` running on port {port}?"
        raise FaxhooksError(message) from None


def moved(url: str, base_url: str | None) -> str:
    """The URL at another origin, its path and query as they are."""
    if base_url is None:
        return url
    parts = urlsplit(url)
    return base_url.rstrip("/") + url.removeprefix(f"{parts.scheme}://{parts.netloc}")
