"""A provider's HTTP request, exactly as it came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from urllib.parse import unquote, unquote_to_bytes

from faxhooks.domain.errors import UnreadableError

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 200


@dataclass(frozen=True)
class Callback:
    """One request to a hook URL.

    `origin` is the configured public scheme, host and port, never what the request claims;
    `target` the raw path and query as sent; `headers` have lower-case names; `body` the raw
    bytes; `received_at` is aware and in UTC.
    """

    method: str
    origin: str
    target: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: datetime

    @property
    def url(self) -> str:
        """What the provider called, as far as the configuration knows it."""
        return self.origin + self.target

    @property
    def query(self) -> str:
        """The raw query without its question mark, or an empty string."""
        return self.target.partition("?")[2]

    @property
    def content_type(self) -> str:
        """The media type alone, lower-case; empty when the header is absent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_form(self) -> bool:
        """Whether the body claims to be URL-encoded fields."""
        return self.content_type == FORM

    @cached_property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The decoded form of a POST or the query of a GET, blank values kept, in order.

        Raises UnreadableError for bytes that are not UTF-8 and for more than 200 fields.
        """
        try:
            text = self.query if self.method == "GET" else self.body.decode("utf-8")
            return _parsed(text)
        except UnicodeDecodeError:
            raise UnreadableError("unparsable: the form is not UTF-8") from None


def _parsed(text: str) -> tuple[tuple[str, str], ...]:
    """As `urllib.parse.parse_qsl` reads it, in half the time, which every callback spends."""
    if text.count("&") >= MAX_FIELDS:
        raise UnreadableError(f"unparsable: more than {MAX_FIELDS} form fields")
    pairs = [field.partition("=") for field in text.split("&") if field]
    return tuple([(_decoded(name), _decoded(value)) for name, _, value in pairs])


def _decoded(written: str) -> str:
    """Raises UnicodeDecodeError for escapes that are not UTF-8."""
    plain = written.replace("+", " ")
    if "%" not in plain:
        return plain
    if not plain.isascii():  # It may hold what no encoding has, which stays as it is.
        return unquote(plain, errors="strict")
    return unquote_to_bytes(plain).decode("utf-8")
