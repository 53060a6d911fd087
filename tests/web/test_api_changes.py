"""The feed: every change once, in order, without a gap, however many write."""

import json
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests

from faxhooks.db import feed
from faxhooks.db.engine import Database
from faxhooks.db.faxes import Home
from faxhooks.domain.fax import FaxEvent, FaxStatus, Reference
from faxhooks.services.claiming import Fact
from faxhooks.services.keys import create_key, revoke_key
from faxhooks.services.recording import record
from tests.running.gunicorns import running
from tests.story import Api, Hook, Service

NOON = datetime(2026, 9, 9, 12, tzinfo=UTC)
WORDS = ["queued", "processing", "sending", "delivered"]


def changes(api: Api, query: str = "") -> dict[str, Any]:
    answer = api.get(f"/changes{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = json.loads(answer.text)
    return body


def test_changes_come_in_the_order_of_their_numbers(hook: Hook, api: Api) -> None:
    for word in WORDS:
        hook.signalwire(FaxSid="f1", FaxStatus=word)
    hook.faxplus("a", "success")
    found = changes(api)
    assert [change["seq"] for change in found["data"]] == [1, 2, 3, 4, 5]
    assert [change["fax_seq"] for change in found["data"]] == [1, 2, 3, 4, 1]
    assert (found["next_after"], found["last"]) == (5, 5)
    assert found["data"][4]["fax_id"] == api.fax("a")["id"]
    assert found["data"][3]["status_after"] == "delivered"
    assert changes(api, "?after=3&limit=1")["data"] == [found["data"][3]]
    assert changes(api, "?after=5")["data"] == []


def test_what_changes_nothing_takes_no_number(hook: Hook, api: Api) -> None:
    for _ in range(3):
        hook.signalwire(FaxSid="f1", FaxStatus="sending")
    hook.signalwire(FaxSid="f1", FaxStatus="teleported")
    assert changes(api)["last"] == 1


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("?after=1", "after"),
        ("?after=-1", "after"),
        ("?after=99999999999999999999", "after"),
        ("?wait=31", "wait"),
        ("?wait=NaN", "wait"),
        ("?limit=0", "limit"),
        ("?cursor=x", "cursor"),
    ],
)
def test_a_bad_parameter_is_named(api: Api, query: str, parameter: str) -> None:
    answer = api.get(f"/changes{query}")
    assert answer.status_code == 400
    assert [fault["parameter"] for fault in answer.json["errors"]] == [parameter]


def test_a_key_of_one_account_sees_only_that_accounts_changes(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="queued")
    service.hook.faxplus("a", "success")
    service.hook.signalwire(FaxSid="f1", FaxStatus="busy")
    account = service.hook.signalwire_account.id
    _, key = service.parts.database.write(
        lambda session: create_key(session, "limited", ["read"], account_id=account)
    )
    found = changes(Api(service.api.transport, key), "?limit=200")
    assert [change["seq"] for change in found["data"]] == [1, 3]
    assert found["next_after"] == 3


def test_a_long_poll_ends_with_the_change_it_waited_for(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="queued")
    timer = threading.Timer(
        0.5, service.hook.signalwire, kwargs={"FaxSid": "f2", "FaxStatus": "busy"}
    )
    started = time.monotonic()
    timer.start()
    found = changes(service.api, "?after=1&wait=10")
    assert 0.4 < time.monotonic() - started < 3
    assert [change["provider_fax_id"] for change in found["data"]] == ["f2"]
    timer.join()


def test_a_long_poll_ends_empty_when_its_time_is_over(api: Api) -> None:
    started = time.monotonic()
    assert changes(api, "?wait=1")["data"] == []
    assert 0.9 < time.monotonic() - started < 3


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=12)
    yield opened
    opened.engine.dispose()


def write_some(database: Database, writer: int, count: int) -> None:
    """A writer whose commits come late, each by another while."""
    rng = random.Random(writer)

    def work(number: int) -> Any:
        def inside(session: Any) -> None:
            facts = []
            for extra in range(rng.randint(1, 3)):
                seconds = writer * 10_000 + number * 10 + extra
                event = FaxEvent(
                    digest=seconds.to_bytes(32, "big"),
                    references=(Reference(f"{writer}.{number}.{extra}"),),
                    received_at=NOON + timedelta(seconds=seconds),
                    status=FaxStatus.SENDING,
                )
                facts.append(Fact(Home(UUID(int=writer + 1), "signalwire"), event))
            record(session, facts)
            time.sleep(rng.random() * 0.01)

        return inside

    for number in range(count):
        database.write(work(number), seconds=30)


def test_eight_writers_with_late_commits_leave_no_gap_for_a_reader(database: Database) -> None:
    seen: list[int] = []
    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write_some, database, writer, 25) for writer in range(8)]
        done = False
        while not done:
            done = all(writer.done() for writer in writers)
            after = seen[-1] if seen else 0
            seen += database.read(
                lambda session, after=after: [
                    change.number for change in feed.list_changes(session, after=after, limit=500)
                ]
            )
    for writer in writers:
        writer.result()
    assert len(seen) >= 8 * 25
    assert seen == list(range(1, len(seen) + 1))
    assert database.read(feed.last_number) == len(seen)


def events(response: requests.Response, count: int) -> list[dict[str, Any]]:
    """So many events of a stream."""
    found: list[dict[str, Any]] = []
    for line in response.iter_lines():
        if line.startswith(b"data: "):
            found.append(json.loads(line[6:]))
        if len(found) == count:
            break
    return found


def open_stream(api: Api, base: str, **headers: str) -> requests.Response:
    return requests.get(
        f"{base}/api/v1/stream",
        headers={"Authorization": f"Bearer {api.key}", **headers},
        stream=True,
        timeout=10,
    )


def test_a_stream_goes_on_where_it_was_cut(database_url: str, tmp_path: Path) -> None:
    with running(database_url, tmp_path / "log") as (served, hook, api):
        base = f"http://127.0.0.1:{served.port}"
        hook.signalwire(FaxSid="f0", FaxStatus="queued")
        with open_stream(api, base) as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            time.sleep(0.3)
            started = time.monotonic()
            for number in range(1, 4):
                hook.signalwire(FaxSid=f"f{number}", FaxStatus="busy")
            assert [event["seq"] for event in events(stream, 3)] == [2, 3, 4]
            assert time.monotonic() - started < 2
        for number in range(4, 7):
            hook.signalwire(FaxSid=f"f{number}", FaxStatus="busy")
        with open_stream(api, base, **{"Last-Event-ID": "4"}) as stream:
            assert [event["seq"] for event in events(stream, 3)] == [5, 6, 7]
            assert served.stop() < 6
            assert list(stream.iter_lines())[-1:] in ([], [b""])


def test_over_the_cap_a_stream_is_told_to_come_again(service: Service) -> None:
    headers = {"Authorization": f"Bearer {service.api.key}"}
    client = service.app.test_client()
    opened = [client.get("/api/v1/stream", headers=headers) for _ in range(100)]
    refused = client.get("/api/v1/stream", headers=headers)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert {response.status_code for response in opened} == {200}
    for response in opened:
        response.close()
    again = client.get("/api/v1/stream", headers=headers)
    assert again.status_code == 200
    again.close()


@pytest.mark.parametrize("given", ["x", "-1", "1" * 30, "²"])
def test_a_made_up_event_id_is_400(service: Service, given: str) -> None:
    headers = {"Authorization": f"Bearer {service.api.key}", "Last-Event-ID": given}
    answer = service.app.test_client().get("/api/v1/stream", headers=headers)
    assert answer.status_code == 400


def test_a_revoked_key_ends_its_stream_with_the_next_beat(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faxhooks.web.api.changes._HEARTBEAT_SECONDS", 0.2)
    row, key = service.parts.database.write(lambda s: create_key(s, "short", ["read"]))
    headers = {"Authorization": f"Bearer {key}"}
    stream = service.app.test_client().get("/api/v1/stream", headers=headers)
    said = stream.iter_encoded()
    assert next(said).startswith(b"retry")
    assert next(said) == b": beat\n\n"
    service.parts.database.write(lambda session: revoke_key(session, row.id))
    assert list(said) == []
    stream.close()
