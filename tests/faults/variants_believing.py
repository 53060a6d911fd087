"""Broken ways of believing: whom, in which order, and whatever a stranger may write."""

import hmac
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import uuid4

from faxhooks.db import faxes
from faxhooks.domain import lifecycle
from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError
from faxhooks.domain.fax import Evidence, FaxEvent, FaxState
from faxhooks.providers import reading
from faxhooks.providers.signalwire import SignalWire, signatures, signer
from faxhooks.services import ingest, keeping
from faxhooks.web import bridge, door, hooks
from faxhooks.web.bridge import Receive
from tests.faults.variants import replaced, variant


@variant
def last_writer_wins() -> Iterator[None]:
    """Whatever arrived last is believed."""

    def by_arrival(event: FaxEvent) -> Any:
        return event.received_at, event.digest

    with replaced(lifecycle, "precedence", by_arrival):
        yield


@variant
def a_final_may_reopen() -> Iterator[None]:
    """The provider's time decides before anything else does."""
    right = lifecycle.precedence

    def by_time(event: FaxEvent) -> Any:
        _, confirmed, _, occurred_at, *rest = right(event)
        return confirmed, occurred_at, *rest

    with replaced(lifecycle, "precedence", by_time):
        yield


@variant
def contradictions_pass_unseen() -> Iterator[None]:
    """Of two ends that disagree the greater is believed, and no more said."""
    with replaced(lifecycle, "_contradicts", lambda *_: False):
        yield


@variant
def nobody_is_asked() -> Iterator[None]:
    """A contradiction is flagged, but no poll is due."""
    right = faxes._projection

    def without_poll(state: FaxState) -> dict[str, Any]:
        return {**right(state), "next_poll_at": None}

    with replaced(faxes, "_projection", without_poll):
        yield


@variant
def one_fact_for_each_try() -> Iterator[None]:
    """Fax.Plus's `hook.id` is taken for the id of a delivery."""
    right = reading.digest_of

    def of_the_try(*said: object) -> bytes:
        return right(said[2]) if said[0] == "faxplus" else right(*said)

    with replaced(reading, "digest_of", of_the_try):
        yield


@variant
def signatures_compared_as_text() -> Iterator[None]:
    """The header is compared as it came, and whatever that raises is an error of ours."""

    def made(self: Any, claimed: str, hash_name: str, write: Any, tail: bytes = b"") -> bool:
        return any(
            hmac.compare_digest(claimed, write(hmac.digest(key, url + tail, hash_name)).decode())
            for key in self.keys
            for url in self.urls
        )

    with (
        replaced(signer.Signer, "made", made),
        replaced(signatures, "_header", lambda callback, name: callback.headers.get(name)),
        replaced(ingest, "verify", lambda entrance, callback: entrance.adapter.verify(callback)),
    ):
        yield


@variant
def vendors_empty_parameters() -> Iterator[None]:
    """A form is believed under the signature of its bare URL too, as a vendor's package does."""
    right = signatures._tails
    with replaced(signatures, "_tails", lambda fields: {*right(fields), b""}):
        yield


@variant
def signature_unchecked() -> Iterator[None]:
    """Whoever knows the URL is believed."""

    def verify(*_: object) -> Evidence:
        return Evidence.SIGNED

    with replaced(SignalWire, "verify", verify):
        yield


@variant
def every_arrival_is_news() -> Iterator[None]:
    """What an event says is told apart by when it came."""
    right = reading.digest_of
    with replaced(reading, "digest_of", lambda *said: right(*said, str(uuid4()))):
        yield


@variant
def any_of_our_urls_will_do() -> Iterator[None]:
    """A signature for one of our hooks is believed at any other."""
    right = SignalWire.verify
    known: set[str] = set()

    def verify(self: SignalWire, callback: Callback) -> Evidence:
        path, mark, query = callback.target.partition("?")
        for ours in (path, *known):
            with suppress(AuthenticityError):
                evidence = right(self, replace(callback, target=ours + mark + query))
                known.add(ours)
                return evidence
        return right(self, callback)

    with replaced(SignalWire, "verify", verify):
        yield


@variant
def text_kept_uncleaned() -> Iterator[None]:
    """Whatever a text holds goes into the tables."""
    with replaced(reading, "clean", lambda text, *_: text):
        yield


@variant
def bodies_kept_as_text() -> Iterator[None]:
    """A raw body is decoded on its way into the inbox."""
    right = keeping._row

    def row(*said: Any) -> dict[str, Any]:
        made = right(*said)
        return made | {"body": made["body"].decode("utf-8", "replace").encode()}

    with replaced(keeping, "_row", row):
        yield


@variant
def times_taken_on_trust() -> Iterator[None]:
    """A time that looks like one is believed to be one."""

    def moment(written: str, zone: tzinfo = UTC) -> datetime | None:
        plain = written.strip()
        if not reading._MOMENT.match(plain):
            return None
        parsed = datetime.fromisoformat(plain)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)

    with replaced(reading, "moment", moment):
        yield


@variant
def bodies_cut_at_the_limit() -> Iterator[None]:
    """The limit is left to the framework, which cuts what comes in chunks."""

    def body() -> bytes:
        hooks.request.max_content_length = hooks.MAX_BODY
        return hooks.request.get_data()

    async def read(_headers: Any, receive: Receive) -> bytes:
        return (await _all_there_is(receive))[: hooks.MAX_BODY]

    with replaced(hooks, "_body", body), replaced(door, "_read", read):
        yield


@variant
def cut_bodies_believed() -> Iterator[None]:
    """What came of a body is taken for all of it."""

    def body() -> bytes:
        said = hooks.request.stream.read(hooks.MAX_BODY + 1)
        if max(len(said), hooks.request.content_length or 0) > hooks.MAX_BODY:
            raise hooks.RequestEntityTooLarge
        return bytes(said)

    async def read(_headers: Any, receive: Receive) -> bytes:
        said = await _all_there_is(receive)
        if len(said) > hooks.MAX_BODY:
            raise hooks.RequestEntityTooLarge
        return said

    with replaced(hooks, "_body", body), replaced(door, "_read", read):
        yield


async def _all_there_is(receive: Receive) -> bytes:
    said, more = b"", True
    while more and len(said) <= hooks.MAX_BODY:
        message = await receive()
        said += message.get("body", b"")
        more = message.get("more_body", False)
    return said


@variant
def a_handful_of_threads() -> Iterator[None]:
    """There are as many as a service without slow clients would need, each held from the first
    byte of a request on.
    """
    with (
        replaced(os, "environ", {**os.environ, "GUNICORN_CMD_ARGS": "--threads 8"}),
        replaced(bridge, "_THREADS", 8),
        replaced(bridge, "_ENOUGH", 0),
        replaced(door, "_HOOK", re.compile("(?!)")),
    ):
        yield
