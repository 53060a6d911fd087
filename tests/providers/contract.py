"""What must hold of any request to any provider's adapter."""

from dataclasses import replace
from datetime import UTC, timedelta
from functools import cache

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError, UnreadableError
from faxhooks.domain.fax import Evidence, FaxEvent
from faxhooks.domain.lifecycle import fold
from faxhooks.domain.reasons import REASONS
from faxhooks.providers.base import Adapter, Option, Reply
from faxhooks.providers.reading import MAX_ID, MAX_PAGES
from faxhooks.providers.registry import PROVIDERS
from tests.providers.recorded import ORIGIN

# Something that each kind of check accepts: an account is made without knowing the provider.
VALUES = (
    "PSK_key",
    "0b8c2b6e-3d2e-4c55-9f0e-6f4a5d1c2b3a",
    "UTC",
    "example",
    "yes",
    "alohi_pat_x",
    "https://api.example.com",
    "query",
    "CHF",
    "repeated",
    "multipart",
    "0003*210",
    "5",
    "00",
    "xsrf-token=a",
    "75",
)


def kept(option: Option, written: str) -> str | None:
    """The value an option keeps; None where it refuses."""
    try:
        return option.check(written)
    except ValueError:
        return None


def a_value(option: Option) -> str:
    return next(value for value in VALUES if kept(option, value) is not None)


@cache
def adapter_of(name: str) -> Adapter:
    """An account with what it must have and no more."""
    provider = PROVIDERS[name]
    config = {option.name: (a_value(option),) for option in provider.options if option.required}
    return provider.adapter(config, f"{ORIGIN}/hooks/{name}/TOKEN")


def check(name: str, callback: Callback) -> tuple[FaxEvent, ...]:
    """The whole contract for one request; the events, where it states any.

    Whatever is raised but a refusal ends the test.
    """
    adapter = adapter_of(name)
    assert verified(adapter, callback) in {
        Evidence.UNSIGNED,
        Evidence.SIGNED,
        "missing",
        "mismatch",
        "malformed",
    }
    assert isinstance(adapter.reply(callback), Reply)
    events, reason = read(adapter, callback)
    if reason is not None:
        check_reason(reason)
        return ()
    assert events
    assert events == adapter.normalize(replace(callback))
    later = replace(callback, received_at=callback.received_at + timedelta(days=1))
    for event, again in zip(events, adapter.normalize(later), strict=True):
        check_event(event)
        assert again._replace(received_at=event.received_at) == event
    return events


def verified(adapter: Adapter, callback: Callback) -> str:
    try:
        return adapter.verify(callback)
    except AuthenticityError as error:
        return error.cause


def read(adapter: Adapter, callback: Callback) -> tuple[tuple[FaxEvent, ...], str | None]:
    try:
        return adapter.normalize(callback), None
    except UnreadableError as error:
        return (), str(error)


def check_reason(reason: str) -> None:
    """A stored reason names its kind first, and can be stored and shown."""
    assert len(reason) <= 300
    assert reason.isprintable()
    kind, colon, _ = reason.partition(": ")
    assert kind
    assert colon


def check_event(event: FaxEvent) -> None:
    assert len(event.digest) == 32
    assert event.references
    assert all(len(reference.id) <= MAX_ID for reference in event.references)
    assert event.reason is None or event.reason in REASONS
    assert event.pages is None or 0 <= event.pages <= MAX_PAGES
    assert event.provider_status is None or 0 < len(event.provider_status) <= MAX_ID
    for moment in (event.received_at, event.occurred_at):
        assert moment is None or moment.tzinfo is UTC
    for text in texts(event):
        assert text
        assert "\0" not in text
        assert text.encode()
    assert fold([event, event]).events == 1


def texts(event: FaxEvent) -> list[str]:
    """Every text of an event, its ids, numbers, errors and costs included."""
    parts: list[object] = [*event.references, event.sender, event.recipient]
    parts += [event.cost, event.error]
    inner = [getattr(part, name) for part in parts if part for name in part.__slots__]
    plain = [getattr(event, name) for name in event.__slots__]
    return [text for text in [*inner, *plain] if isinstance(text, str)]
