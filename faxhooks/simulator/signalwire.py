"""What SignalWire says of a fax, story by story.

Sources: the cXML fax reference and the Compatibility API's `send a fax` for the words, the
SWML reference for calls. That `queued`, `processing` and `sending` are told at all is inferred:
unless asked otherwise, SignalWire tells the end alone, as the `…-only` stories do.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from faxhooks.domain.fax import FaxStatus
from faxhooks.simulator.signalwire_requests import CallFax, Fax, Fields
from faxhooks.simulator.story import Prepared, Scenario, Stage, Tell

WAY: Final = ("queued", "processing", "sending")
DROPPED: Final = {"ErrorCode": "34004", "ErrorMessage": "The call dropped prematurely"}
"""The one pair of code and text that SignalWire publishes (fax logs, OpenAPI description)."""

FINE, CUT_OFF = (0, "OK"), (49, "The call dropped prematurely")
"""Results of a fax in a call, by spandsp's numbers (FreeSWITCH, `fax_result_code`)."""

UNKNOWN: Final = "simulated-unknown"

Send = Callable[[Fax, Fields], Prepared]

STATUSES: Final[Mapping[str, FaxStatus]] = {
    "queued": FaxStatus.QUEUED,
    "processing": FaxStatus.PROCESSING,
    "sending": FaxStatus.SENDING,
    "delivered": FaxStatus.DELIVERED,
    "receiving": FaxStatus.RECEIVING,
    "received": FaxStatus.RECEIVED,
    "no-answer": FaxStatus.NO_ANSWER,
    "busy": FaxStatus.BUSY,
    "failed": FaxStatus.FAILED,
    "canceled": FaxStatus.CANCELED,
}


def _outbound(*words: str) -> Tell:
    return lambda stage: _sent(stage, words, Fax.post)


def _sent(stage: Stage, words: Sequence[str], send: Send) -> list[Prepared]:
    fax = Fax.on(stage)
    original = {"OriginalMediaUrl": f"https://example.com/documents/{stage.uuid()}.pdf?page=1&all"}
    return [
        send(fax, fax.states(word, at, original | _details(fax, word)))
        for word, at in zip(words, stage.times(len(words)), strict=True)
    ]


def _inbound(word: str, *, asked: bool = True) -> Tell:
    """First the number's own request, which has no status and asks what to do."""

    def tell(stage: Stage) -> list[Prepared]:
        fax = Fax.on(stage)
        told = fax.post(fax.states(word, stage.now, _details(fax, word)))
        return [fax.post(fax.standard()), told] if asked else [told]

    return tell


def _details(fax: Fax, word: str) -> dict[str, str]:
    """What belongs to an end; a delivered fax has a blank error code, as a blank is signed too."""
    if word == "delivered":
        return {"ErrorCode": "", **fax.document(fax.stage.recipient)}
    if word == "received":
        return fax.document(fax.stage.sender)
    return DROPPED if word == "failed" else {}


def _alone(word: str) -> Tell:
    inbound = word in ("receiving", "received")
    return _inbound(word, asked=False) if inbound else _outbound(word)


def _relay(direction: str, pages: int, result: tuple[int, str]) -> Tell:
    """A `page` event for each page, then `finished`."""

    def tell(stage: Stage) -> list[Prepared]:
        fax = CallFax.on(stage, direction)
        *during, end = stage.times(pages + 1)
        told = [fax.post("page", at, {"number": page}) for page, at in enumerate(during, start=1)]
        return [*told, fax.finished(end, pages, *result)]

    return tell


_ENDED: Final = "a fax sent: queued, processing, sending, {}"
_STORIES: Final = (
    *(
        Scenario(word, _ENDED.format(word), _outbound(*WAY, word), STATUSES[word])
        for word in ("delivered", "busy", "no-answer")
    ),
    Scenario(
        "failed",
        _ENDED.format("failed with error 34004, the call dropped"),
        _outbound(*WAY, "failed"),
        FaxStatus.FAILED,
    ),
    Scenario(
        "canceled",
        "a fax sent: queued, canceled, since only a queued fax can be",
        _outbound("queued", "canceled"),
        FaxStatus.CANCELED,
    ),
    Scenario(
        "received",
        "a fax coming in: the number's request without a status, received",
        _inbound("received"),
        FaxStatus.RECEIVED,
    ),
    Scenario(
        "inbound-failed",
        "a fax coming in: the number's request without a status, failed",
        _inbound("failed"),
        FaxStatus.FAILED,
    ),
    Scenario(
        "conflict",
        "a contradiction: queued, processing, sending, delivered, failed",
        _outbound(*WAY, "delivered", "failed"),
        FaxStatus.FAILED,
        conflict=True,
    ),
    Scenario(
        "completed-only",
        "the call's word `completed` alone, which is no news of the fax",
        _alone("completed"),
        FaxStatus.QUEUED,
    ),
    Scenario(
        "relay-sent",
        "a fax sent in a call, as JSON: three pages, finished",
        _relay("send", 3, FINE),
        FaxStatus.DELIVERED,
    ),
    Scenario(
        "relay-received",
        "a fax received in a call, as JSON: two pages, finished",
        _relay("receive", 2, FINE),
        FaxStatus.RECEIVED,
    ),
    Scenario(
        "relay-failed",
        "a fax sent in a call, as JSON: one page, finished with result 49",
        _relay("send", 1, CUT_OFF),
        FaxStatus.FAILED,
    ),
    Scenario(
        "unknown-word",
        "queued, processing, sending and a status that nobody knows",
        _outbound(*WAY, UNKNOWN),
        FaxStatus.SENDING,
        unread=1,
    ),
    Scenario(
        "delivered-by-get",
        "the same as delivered, each callback a GET with a query",
        lambda stage: _sent(stage, (*WAY, "delivered"), Fax.get),
        FaxStatus.DELIVERED,
    ),
)
_OPEN: Final = (
    *(
        Scenario(
            word,
            f"a fax on its way: {', '.join(WAY[: step + 1])}",
            _outbound(*WAY[: step + 1]),
            STATUSES[word],
        )
        for step, word in enumerate(WAY)
    ),
    Scenario("receiving", "a fax coming in: receiving", _alone("receiving"), FaxStatus.RECEIVING),
)
_ALONE: Final = tuple(
    Scenario(f"{word}-only", f"the one callback `{word}`", _alone(word), status)
    for word, status in STATUSES.items()
)

SCENARIOS: Final = (*_STORIES, *_OPEN, *_ALONE)
