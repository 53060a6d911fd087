"""Sending through Fax.Plus: its files are uploaded, then the fax is put into the outbox.

Sources: the API reference (files, outbox) and the help centre's page on sending; the FAQ for the
limits, of which an older edition has 30 MB for all files. Retries: the pages disagree on their
limits and on the unit of the delay (seconds, or minutes in the app), so the smallest limits are
kept and the delay is passed on as it is. An upload names `pdf` or `tiff` as its format, so these
are the types that are taken.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from faxhooks.domain.errors import UnreadableError
from faxhooks.providers import reading
from faxhooks.providers.answers import Answer
from faxhooks.providers.checking import check_order
from faxhooks.providers.faxplus.client import FaxPlusClient
from faxhooks.providers.sending import (
    PDF,
    TIFF,
    Abilities,
    CoverPage,
    Order,
    Sent,
    accepted,
    beforehand,
    explained,
    file_name,
    is_e164,
)

NO_NUMBER: Final = "no_number"
"""What stands for the sender of a member without a number of his own."""

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {"too_many_files": "request.other", "too_many_destinations": "request.other"}
)
"""Of the codes of errors these two are documented; any other goes by its HTTP status."""

ABILITIES: Final = Abilities(
    media_types={PDF: ".pdf", TIFF: ".tiff"},
    recipient=is_e164,
    sender=lambda text: is_e164(text) or text == NO_NUMBER,
    needs_sender=True,
    most_files=10,
    most_bytes=150_000_000,
    most_recipients=4000,
    schedules=True,
    retries=3,
    retry_delay=30,
    cover_page=True,
    comment=True,
    cancels=True,
    searches=True,
)


class FaxPlusSender:
    """Sends with one account; its callbacks go to the hooks that are registered."""

    abilities = ABILITIES

    def __init__(self, client: FaxPlusClient) -> None:
        self._client = client

    @property
    def calls(self) -> int:
        """How many requests it has sent so far, those for tokens included."""
        return self._client.calls

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def send(self, order: Order) -> Sent:
        """Send it once. Raises InvalidOrderError or ProviderError."""
        check_order(order, self.abilities)
        with explained(REASONS):
            with beforehand():
                paths = [
                    self._client.upload(
                        file_name(document, self.abilities),
                        document.media_type,
                        document.content or b"",
                    )
                    for document in order.documents
                ]
            answer = self._client.add_to_outbox(dict(_fax(order, paths)))
            return accepted("faxplus", order, answer, _id_in(answer, order.to))


def _fax(order: Order, paths: list[str]) -> Iterator[tuple[str, Any]]:
    yield "from", order.sender
    yield "to", [order.to]
    yield "files", paths
    yield "return_ids", True
    if order.comment is not None:
        yield "comment", {"text": order.comment}
    if order.retries:
        yield "options", {"retry": {"count": order.retries, "delay": order.retry_delay or 0}}
    # A time that has passed is ignored by Fax.Plus, even by a second; so it is left out.
    if order.schedule_at is not None and order.schedule_at > datetime.now(UTC):
        yield "send_time", order.schedule_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S %z")
    if order.cover_page is not None:
        yield "cover_page", dict(_cover_page(order.cover_page))


def _cover_page(page: CoverPage) -> Iterator[tuple[str, Any]]:
    for name in ("name_to", "name_from", "subject", "message"):
        if (value := getattr(page, name)) is not None:
            yield name, value
    if page.flags:
        yield "flags", sorted(page.flags)


def _id_in(answer: Answer, to: str) -> str:
    """The one id, whose key is the number as it was sent; however that came to be written."""
    try:
        ids = reading.mapping(answer.json(), "ids")
        found = reading.identifier(ids, to, *(ids if len(ids) == 1 else ()))
    except UnreadableError:
        raise answer.strange("one whose ids cannot be read") from None
    if found is None:
        raise answer.strange("without the id of the fax")
    return found
