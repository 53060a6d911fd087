"""Open streams by the second door: as many as come, without a thread each, and gone at once."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from faxhooks.services.keys import create_key, revoke_key
from faxhooks.web import bridge, streams
from faxhooks.web.door import Door
from tests.doors import scope_of
from tests.story import Service, make_service

MANY = 40
"""Ten times as many as there are threads."""
SOON = 5.0
TARGET = "/api/v1/stream"


class Listener:
    """Somebody who reads a stream, and leaves."""

    def __init__(self, door: Door, key: str, stopping: threading.Event, target: str) -> None:
        self.words: asyncio.Queue[bytes] = asyncio.Queue()
        self.heard = b""
        self.headers: dict[str, str] = {}
        self.status = 0
        self._left = asyncio.Event()
        scope = scope_of("GET", target, [(b"authorization", f"Bearer {key}".encode())])
        scope["state"] = {"faxhooks.stopping": stopping}
        self.task = asyncio.ensure_future(door(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self.status:
            return {"type": "http.request", "body": b""}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message["body"]:
            self.words.put_nowait(message["body"])

    async def hear(self) -> bytes:
        self.heard += (word := await asyncio.wait_for(self.words.get(), SOON))
        return word

    async def leave(self) -> None:
        self._left.set()
        await asyncio.wait({self.task}, timeout=SOON)
        assert self.task.cancelled()


@asynccontextmanager
async def listening(
    service: Service, count: int, target: str = TARGET, key: str | None = None
) -> AsyncIterator[tuple[list[Listener], threading.Event]]:
    """So many, who have all heard the first word; they end with the process."""
    stopping, door = threading.Event(), Door(service.app, service.parts)
    found = [Listener(door, key or service.api.key, stopping, target) for _ in range(count)]
    try:
        for one in found:
            assert (await one.hear()).startswith(b"retry: ")
        yield found, stopping
    finally:
        stopping.set()
        await asyncio.wait({one.task for one in found}, timeout=SOON)
        assert all(one.task.done() for one in found)


@pytest.fixture
def service(sqlite_url: str) -> Iterator[Service]:
    made = make_service(sqlite_url)
    yield made
    made.parts.database.engine.dispose()


def test_all_hear_of_a_change_and_hold_no_thread(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "_THREADS", 4)

    async def story() -> None:
        async with listening(service, MANY) as (found, _):
            await asyncio.to_thread(service.hook.signalwire, FaxSid="f1", FaxStatus="busy")
            heard = {await one.hear() for one in found}
        assert len(heard) == 1
        assert heard.pop().startswith(b"id: 1\nevent: change\ndata: {")
        assert {one.task.exception() for one in found} == {None}

    asyncio.run(story())


def test_it_says_what_the_first_door_says(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="queued")
    service.hook.faxplus("a", "success")
    headers = {"Authorization": f"Bearer {service.api.key}"}
    first = service.app.test_client().get("/api/v1/stream?after=0", headers=headers)
    said = first.iter_encoded()
    words = next(said) + next(said)

    async def story() -> None:
        async with listening(service, 1, "/api/v1/stream?after=0") as ((second,), _):
            assert second.heard == words
            assert second.status == 200
            assert set(second.headers) == {name.lower() for name, _ in first.headers}
            assert second.headers["content-type"] == first.headers["Content-Type"]

    asyncio.run(story())
    first.close()


def test_who_leaves_makes_room_at_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_awaited", threading.BoundedSemaphore(2))

    async def story() -> None:
        async with listening(service, 2) as ((one, _), stopping):
            refused = Listener(Door(service.app, service.parts), service.api.key, stopping, TARGET)
            await asyncio.wait_for(refused.task, SOON)
            assert (refused.status, refused.headers["retry-after"]) == (503, "5")
            await one.leave()
            await asyncio.sleep(0.1)
            async with listening(service, 1):
                pass

    asyncio.run(story())


def test_a_revoked_key_ends_its_stream_with_the_next_beat(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faxhooks.web.api.changes._HEARTBEAT_SECONDS", 0.1)
    row, key = service.parts.database.write(lambda s: create_key(s, "short", ["read"]))

    async def story() -> None:
        async with listening(service, 1, key=key) as ((one,), _):
            assert await one.hear() == b": beat\n\n"
            await asyncio.to_thread(
                service.parts.database.write, lambda session: revoke_key(session, row.id)
            )
            await asyncio.wait_for(one.task, SOON)

    asyncio.run(story())
