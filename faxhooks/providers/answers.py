"""What an API's answer means before anybody reads it: good, refused, come again, or strange."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import FaxEvent
from faxhooks.providers.asking import (
    AwayError,
    CredentialsError,
    ProviderError,
    RefusedError,
    Sighting,
    StrangeAnswerError,
    ThrottledError,
)
from faxhooks.providers.records import Path, cut_records

LONGEST_WAIT: Final = 24 * 3600.0
"""Seconds; whoever asks for more waiting than a day gets a day."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a request for `target`, which is the path and query. `behind` is by how much
    the clock of who gave it is behind ours.
    """

    method: str
    origin: str
    target: str
    status: int
    body: bytes = field(repr=False)
    content_type: str
    received_at: datetime
    behind: timedelta = timedelta()

    def json(self) -> dict[str, Any]:
        """The JSON object in it. Raises StrangeAnswerError for anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise self.strange("no JSON") from None
        if not isinstance(value, dict):
            raise self.strange("no JSON object")
        return value

    def records(self, *paths: Path) -> list[bytes]:
        """The elements of the first list that one of these paths leads to, as they stand there.

        Raises StrangeAnswerError when there is no such list.
        """
        try:
            found = cut_records(self.body, *paths)
        except UnreadableError:
            raise self.strange("no JSON") from None
        if found is None:
            raise self.strange("without the list that belongs in it")
        return found

    def keep(self, record: bytes) -> Callback:
        """A part of it, or all, as evidence: kept like a callback."""
        headers = {"content-type": self.content_type} if self.content_type else {}
        return Callback(self.method, self.origin, self.target, headers, record, self.received_at)

    def sight(self, record: bytes, read: Callable[[Callback], FaxEvent]) -> Sighting:
        """A record of it, to be kept with what it states."""
        kept = self.keep(record)
        try:
            return Sighting(kept, (read(kept),))
        except UnreadableError as error:
            return Sighting(kept, reason=str(error))

    def sight_only(self, name: str, read: Callable[[Callback], FaxEvent]) -> Sighting:
        """The one record that it is, whose id has that name.

        Raises StrangeAnswerError when it is no record at all: that is no word about a fax, and
        nothing to keep.
        """
        if not self.json().get(name):
            raise self.strange("without the fax that was asked for")
        return self.sight(self.body, read)

    def strange(self, what: str) -> StrangeAnswerError:
        """What to raise of an answer that is not what the documentation says it is."""
        return StrangeAnswerError(
            f"the provider's answer is {what}; check the account's base URL",
            status=self.status,
            maybe_done=self.method != "GET",
        )


def fault(title: str, answer: Answer, code: str | None, wait: float | None) -> ProviderError:
    """What to raise of an answer other than 2xx; the same for every provider."""
    status, left = answer.status, answer.method != "GET"
    said = f"{title} answered {status}" + (f" (code {code})" if code else "")
    if status in (401, 403):
        what = f"{said}: check the account's credentials and their scopes"
        return CredentialsError(what, status=status, code=code)
    if status == 429:
        what = f"{said}: it was asked too often; ask again later"
        return ThrottledError(what, status=status, code=code, after=wait)
    if status >= 500 or status == 408:
        what = f"{said}: ask again later"
        return AwayError(what, status=status, code=code, after=wait, maybe_done=left)
    if status < 400:
        what = f"{said}: redirects are not followed; check the account's base URL"
        return StrangeAnswerError(what, status=status, code=code, maybe_done=left)
    return RefusedError(f"{said}: it refuses this request", status=status, code=code)


def behind(written: str | None, now: datetime) -> timedelta:
    """By how much a `Date` is past; nothing where it is none, or ahead."""
    try:
        told = parsedate_to_datetime(written or "").astimezone(UTC)
    except (ValueError, OverflowError):
        return timedelta()
    return max(now - told, timedelta())


def retry_after(written: str | None, now: datetime) -> float | None:
    """Seconds to wait, from a number of seconds or an HTTP date; at most a day."""
    if written is None:
        return None
    plain = written.strip()
    try:
        if plain.isascii() and plain.isdigit():
            seconds = float(plain)
        else:
            seconds = (parsedate_to_datetime(plain).astimezone(UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)
