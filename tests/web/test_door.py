"""The second door answers what the first one does, to the byte."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from faxhooks.services.keys import create_key
from faxhooks.web.door import Door
from faxhooks.web.hooks import MAX_BODY
from tests.doors import InProcess, Native, scope_of
from tests.story import Api, Hook, Service, make_service, signature, target

Story = Callable[[Hook], Any]


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    made = make_service(database_url)
    yield made
    made.parts.database.engine.dispose()


@pytest.fixture
def native(service: Service) -> Hook:
    accounts = service.hook.signalwire_account, service.hook.faxplus_account
    return Hook(Native(service.app), *accounts)


def form(hook: Hook, behind: str = "", **headers: str) -> Any:
    """A signed form, with headers of the caller's own, and with more behind its target."""
    url, said = hook.signalwire_account.hook_url, {"FaxSid": "f", "FaxStatus": "busy"}
    named = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    named.setdefault("X-SignalWire-Signature", signature(url, said))
    return hook.transport.send("POST", target(url) + behind, named, urlencode(said).encode())


def at(method: str, path: str, body: bytes = b"") -> Story:
    return lambda hook: hook.transport.send(method, path, {"Content-Type": "text/plain"}, body)


def own(method: str, behind: str = "") -> Story:
    def tell(hook: Hook) -> Any:
        path = target(hook.faxplus_account.hook_url) + behind
        return hook.transport.send(method, path, {}, b"")

    return tell


STORIES: dict[str, Story] = {
    "a form": lambda hook: hook.signalwire(FaxSid="f1", FaxStatus="delivered"),
    "a query": lambda hook: hook.signalwire_get(FaxSid="f2", FaxStatus="busy"),
    "a number's own request": lambda hook: hook.signalwire(FaxSid="f3", To="+13105550100"),
    "a JSON event": lambda hook: hook.relay({"event_type": "calling.call.fax", "params": {}}),
    "a webhook": lambda hook: hook.faxplus("f4", "success"),
    "no JSON": lambda hook: hook.faxplus_raw(b"\xff\x00"),
    "a slash behind": own("GET", "/?a=b"),
    "an empty query": own("GET"),
    "HEAD": own("HEAD"),
    "OPTIONS": own("OPTIONS"),
    "PUT": own("PUT"),
    "a wrong signature": lambda hook: form(hook, **{"X-SignalWire-Signature": "AAAA"}),
    "an odd signature": lambda hook: form(hook, **{"X-SignalWire-Signature": "\xe9" * 9}),
    "its own request id": lambda hook: form(hook, **{"X-Request-ID": "ab" * 16}),
    "an unknown token": at("POST", "/hooks/faxplus/unknown", b"{}"),
    "an unknown provider": at("POST", "/hooks/nobody/unknown", b"{}"),
    "nothing there": at("POST", "/hooks/faxplus", b"{}"),
    "too large": lambda hook: hook.faxplus_raw(b" " * (MAX_BODY + 1)),
    "as large as may be": lambda hook: hook.faxplus_raw(b" " * MAX_BODY),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_both_doors_answer_alike(service: Service, native: Hook, story: Story) -> None:
    first, second = story(service.hook), story(native)
    assert second.status_code == first.status_code
    assert second.data == first.data
    assert shown(second.headers) == shown(first.headers)


def shown(headers: Any) -> dict[str, str]:
    """Its headers, of which a request id that was made up is different every time."""
    found = {name.lower(): value for name, value in headers.items()}
    if found["x-request-id"] != "ab" * 16:
        found["x-request-id"] = f"{len(found['x-request-id'])} digits"
    return found


def test_a_question_mark_behind_is_part_of_what_was_signed(native: Hook) -> None:
    assert [form(native, behind=behind).status_code for behind in ("", "?")] == [200, 403]


def test_what_came_by_either_door_is_one_fax(native: Hook, service: Service) -> None:
    for hook, word in ((native, "queued"), (service.hook, "sending"), (native, "delivered")):
        assert hook.signalwire(FaxSid="f1", FaxStatus=word).status_code == 200
    api = Api(InProcess(service.app.test_client()), service.api.key)
    assert (api.fax("f1")["status"], api.fax("f1")["events"]) == ("delivered", 3)
    assert native.signalwire(FaxSid="f1", FaxStatus="delivered").status_code == 200
    assert api.fax("f1")["events"] == 3


def test_everything_else_is_the_sites(native: Hook, service: Service) -> None:
    headers = {"Authorization": f"Bearer {service.api.key}"}
    answer = native.transport.send("GET", "/api/v1/faxes?limit=1", headers, b"")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert native.transport.send("GET", "/healthz", {}, b"").status_code == 200


def test_a_client_that_leaves_within_its_callback_leaves_nothing(service: Service) -> None:
    """What is not all here is not kept, and the log hears of no error of ours."""
    scope = scope_of("POST", target(service.hook.faxplus_account.hook_url), [])
    said = asyncio.run(ask(Door(service.app, service.parts), scope, [b"{"]))
    assert (said[0]["status"], said[1]["body"]) == (400, b"")
    assert service.api.faxes() == []


@pytest.mark.parametrize("body", [b"", b"{", b"x" * 100_000], ids=["none", "little", "much"])
def test_a_client_that_leaves_within_its_request_is_not_believed(
    service: Service, body: bytes
) -> None:
    """Of the site's own routes too: what is cut is no tag."""
    _, key = service.parts.database.write(lambda s: create_key(s, "tags", ["read", "send"]))
    service.hook.signalwire(FaxSid="f1", FaxStatus="queued")
    lines = [
        (b"authorization", b"Bearer %b" % key.encode()),
        (b"content-type", b"application/json"),
    ]
    path = f"/api/v1/faxes/{service.api.fax('f1')['id']}"
    door = Door(service.app, service.parts)
    said = asyncio.run(ask(door, scope_of("PATCH", path, lines), [body]))
    assert said[0]["status"] in {400, 422}
    assert service.api.fax("f1")["tags"] == {}


async def ask(app: Any, scope: dict[str, Any], parts: list[bytes]) -> list[Any]:
    """What is answered to a client that leaves after these parts of its body."""
    left = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said
