"""What the worker with an event loop holds that neither gunicorn's nor uvicorn's does."""

import asyncio
import gc
import json
import re
import socket
import struct
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from logging import getLogger
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from gunicorn.config import Config

from faxhooks.db import migrations
from faxhooks.web.bridge import Receive, Scope, Send
from faxhooks.web.server import Connection, Worker
from tests.doors import ASGI
from tests.faults.sockets import CUT, chunked, exchange, sized
from tests.running.gunicorns import Running, running
from tests.story import Api, Hook, signature, target

FAX: Final = b'{"hook":{"id":"%b","event":"fax_sent"},"data":{"id":"%b","status":"success"}}'
GET: Final = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
SECRET_WORD: Final = "Jx7-secret"

Served = tuple[Running, Hook, Api]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process, so that what is counted by process can be foretold."""
    folder = tmp_path_factory.mktemp("worker")
    url = f"sqlite:///{folder / 'faxhooks.db'}"
    migrations.upgrade(url)
    with running(url, folder / "log", ASGI, WEB_CONCURRENCY="1") as made:
        yield made


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process that keeps three connections."""
    folder = tmp_path_factory.mktemp("narrow")
    url = f"sqlite:///{folder / 'faxhooks.db'}"
    migrations.upgrade(url)
    few = {"WEB_CONCURRENCY": "1", "GUNICORN_CMD_ARGS": "--worker-connections 3"}
    with running(url, folder / "log", ASGI, **few) as made:
        yield made


@asynccontextmanager
async def serving(app: Any, **settings: int) -> AsyncIterator[tuple[Worker, int]]:
    """An application behind such connections in this process, and their port."""
    config = Config()
    for name, value in settings.items():
        config.set(name, value)
    worker = Worker(0, 0, [], SimpleNamespace(wsgi=lambda: app), 30, config, getLogger())
    worker.loop = asyncio.get_running_loop()
    worker.load_wsgi()
    server = await worker.loop.create_server(lambda: Connection(worker), "127.0.0.1", 0)
    try:
        yield worker, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in worker.serving.connections:
            each.transport.abort()
        await asyncio.sleep(0.01)
        worker.tmp.close()


async def answer_all(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that has nothing to say."""
    while (await receive()).get("more_body"):
        pass
    head = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body"})


def fax(name: str) -> bytes:
    return FAX % (name.encode(), name.encode())


def path_of(hook: Hook) -> str:
    return target(hook.faxplus_account.hook_url)


def kept(api: Api) -> set[str]:
    return {each["provider_fax_id"] for each in api.faxes()}


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def heard(line: socket.socket) -> bytes:
    """All that is said until the other side closes."""
    said = b""
    while part := line.recv(65_536):
        said += part
    return said


def said_to(port: int, request: bytes) -> bytes:
    with connected(port) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        return heard(line)


def statuses(said: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def heard_until(line: socket.socket, word: bytes) -> bytes:
    said = b""
    while word not in said:
        part = line.recv(65_536)
        assert part, said
        said += part
    return said


def is_closed(line: socket.socket) -> bool:
    """Whether the other side has closed, which is waited for a little."""
    line.settimeout(0.3)
    try:
        while line.recv(65_536):
            pass
    except TimeoutError:
        return False
    return True


def stream_of(api: Api) -> bytes:
    key = f"Authorization: Bearer {api.key}\r\n\r\n".encode()
    return b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n" + key


def test_who_has_said_all_and_closes_its_side_is_answered(served: Served) -> None:
    gunicorn, hook, api = served
    for name, write in (("sized", sized), ("chunked", chunked)):
        assert exchange(gunicorn.port, write(path_of(hook), fax(name))) == 200
    assert {"sized", "chunked"} <= kept(api)


def test_who_closes_it_before_the_end_is_not_believed(served: Served) -> None:
    gunicorn, hook, api = served
    body = fax("cut")
    assert exchange(gunicorn.port, sized(path_of(hook), body, len(body) + 1)) == 400
    assert exchange(gunicorn.port, chunked(path_of(hook), body, ended=False)) == 400
    assert (
        exchange(
            gunicorn.port, sized("/sign-in", b"a=b", 9, kind="application/x-www-form-urlencoded")
        )
        == 400
    )
    assert exchange(gunicorn.port, GET) == CUT
    assert "cut" not in kept(api)


def test_a_head_has_limits(served: Served) -> None:
    gunicorn, *_ = served
    many = b"".join(b"X-%d: y\r\n" % n for n in range(101))
    for answered, request in (
        (431, GET + many + b"\r\n"),
        (431, GET + b"X-Long: " + b"y" * 8200 + b"\r\n\r\n"),
        (431, GET + b"X-Endless: " + b"y" * 200_000),
        (414, b"GET /healthz?" + b"y" * 8200 + b" HTTP/1.1\r\n\r\n"),
        (431, b"GET /healthz?" + b"y" * 200_000),
        (200, GET + b"X-Long: " + b"y" * 8000 + b"\r\n\r\n"),
    ):
        assert exchange(gunicorn.port, request) == answered, request[:30]


def test_a_limit_of_zero_is_none() -> None:
    names = "limit_request_line", "limit_request_fields", "limit_request_field_size"
    request = GET.replace(b"healthz", b"y" * 9000) + b"X-Long: " + b"y" * 9000 + b"\r\n\r\n"
    said = asyncio.run(answers_to(request, **dict.fromkeys(names, 0)))
    assert statuses(said) == [200]


def test_what_is_behind_a_body_has_limits(served: Served) -> None:
    gunicorn, hook, _ = served
    body = chunked(path_of(hook), fax("endless"), ended=False)
    for behind in (b"5;y=", b"0\r\nX-Endless: ", b"0\r\n" + b"X: y\r\n" * 100_000):
        with connected(gunicorn.port) as line:
            line.sendall(body)
            with suppress(ConnectionError):
                line.sendall(behind)
                for _ in range(10):
                    line.sendall(b"y" * 65_536)
            with suppress(ConnectionError):
                assert statuses(heard(line)) == [431]


def test_a_body_of_many_chunks_is_no_long_head(served: Served) -> None:
    gunicorn, hook, _ = served
    many = chunked(path_of(hook), fax("chunks") + b" " * 30_000, size=1)
    assert exchange(gunicorn.port, many) == 200


def test_a_head_may_come_right_behind_a_long_body() -> None:
    parts = sized("/", b"y" * 100_000) + GET[:9], GET[9:] + b"\r\n"
    assert statuses(asyncio.run(answers_to(*parts))) == [200, 200]


def test_nothing_is_answered_behind_what_was_refused() -> None:
    before = GET + b"\r\n" + chunked("/", b"y", ended=False)
    endless = b"0\r\nX-Endless: " + b"y" * 70_000
    said = asyncio.run(answers_to(before, endless, b"\r\n\r\n" + GET + b"\r\n"))
    assert statuses(said) == [200, 431]


@pytest.mark.parametrize("more", [b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"])
def test_so_many_requests_may_wait_for_the_answer_to_another(more: bytes) -> None:
    said = asyncio.run(answers_to(1000 * (GET + more + b"\r\n")))
    assert statuses(said) == [200] * 101 + [429]


async def answers_to(*parts: bytes, **settings: int) -> bytes:
    """All that is said to what comes in these parts, whatever the network makes of others."""
    async with serving(answer_all, **settings) as (worker, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.1)
        (connection,) = worker.serving.connections
        for part in parts:
            connection.data_received(part)
        writer.write_eof()
        said = await reader.read()
        writer.close()
        return said


@pytest.mark.parametrize(
    "request_",
    [
        f"{SECRET_WORD}\r\n\r\n",
        f"GET /{SECRET_WORD} HTTP/9.9\r\n\r\n",
        f"GET {SECRET_WORD} HTTP/1.1\r\n{SECRET_WORD}\r\n\r\n",
        f"POST /{SECRET_WORD} HTTP/1.1\r\nContent-Length: {SECRET_WORD}\r\n\r\n",
        f"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{SECRET_WORD}",
        f"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET_WORD}",
        f"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET_WORD}\r\n",
        f"GET / HTTP/1.1\r\n{SECRET_WORD} : y\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_logged_without_its_words(
    served: Served, request_: str
) -> None:
    gunicorn, *_ = served
    before = gunicorn.output.read_text()
    said = said_to(gunicorn.port, request_.encode())
    assert statuses(said) == [400]
    assert SECRET_WORD not in said.decode()
    logged = gunicorn.output.read_text().removeprefix(before)
    assert "Invalid request from ip=127.0.0.1" in logged or '"status":400' in logged
    assert SECRET_WORD not in logged


def test_what_comes_behind_a_body_or_cannot_be_told_apart_is_no_header(served: Served) -> None:
    gunicorn, *_ = served
    forged = "0" * 32
    for request in (
        GET + b"X_Request_ID: " + forged.encode() + b"\r\nConnection: close\r\n\r\n",
        b"POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Request-ID: " + forged.encode() + b"\r\n\r\n",
    ):
        said = said_to(gunicorn.port, request)
        assert len(statuses(said)) == 1
        assert b"x-request-id" in said.lower()
        assert forged not in said.decode()


def test_the_space_around_a_value_is_no_part_of_it(served: Served) -> None:
    gunicorn, hook, api = served
    url = f"{hook.signalwire_account.hook_url}?FaxSid=spaced&FaxStatus=busy"
    signed = f"X-SignalWire-Signature: \t {signature(url, {})} \t \r\n\r\n"
    request = f"GET {target(url)} HTTP/1.1\r\nHost: x\r\n{signed}"
    assert exchange(gunicorn.port, request.encode()) == 200
    assert "spaced" in kept(api)


def test_a_target_with_its_host_is_the_path(served: Served) -> None:
    gunicorn, hook, api = served
    request = sized(path_of(hook), fax("with-host"))
    assert exchange(gunicorn.port, request.replace(b"POST /", b"POST http://x:1/", 1)) == 200
    assert "with-host" in kept(api)
    request = sized(path_of(hook), fax("with-query"))  # Of a target without a path, no path at all.
    assert exchange(gunicorn.port, request.replace(b"POST /", b"POST http://x?/", 1)) == 405


def test_requests_in_one_go_are_answered_in_turn(served: Served) -> None:
    gunicorn, hook, _ = served
    both = sized(path_of(hook), fax("first")) + GET + b"Connection: close\r\n\r\n"
    said = said_to(gunicorn.port, both)
    assert statuses(said) == [200, 200]
    assert said.endswith(b"}\n") or b"ok" in said.rpartition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "behind",
    [
        b"garbage\r\n\r\n",
        b"GET / HTTP/1.1\r\nName : y\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nyy",
    ],
)
def test_what_is_refused_is_no_answer_to_what_came_before(served: Served, behind: bytes) -> None:
    gunicorn, hook, _ = served
    before = sized(path_of(hook), fax("before"))
    assert statuses(said_to(gunicorn.port, before + behind)) == [200, 400]
    assert statuses(said_to(gunicorn.port, before + GET + b"\r\n" + behind)) == [200, 200, 400]


@pytest.mark.parametrize("leave", [socket.SHUT_WR, socket.SHUT_RDWR])
@pytest.mark.parametrize("behind", [b"", GET + b"\r\n"])
def test_a_stream_ends_when_its_reader_leaves(served: Served, leave: int, behind: bytes) -> None:
    gunicorn, _, api = served
    with connected(gunicorn.port) as line:
        line.sendall(stream_of(api) + behind)
        assert statuses(line.recv(65_536)) == [200]
        line.shutdown(leave)
        if leave == socket.SHUT_WR:
            assert not heard(line).endswith(b"0\r\n\r\n")  # It is cut, and does not look whole.
    assert '"level":"error"' not in gunicorn.output.read_text()


def test_who_is_gone_is_missed_also_where_he_asked_for_more() -> None:
    async def talk() -> None:
        missed = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200})
            while (await receive())["type"] != "http.disconnect":
                pass
            missed.set()

        async with serving(app) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(2 * (GET + b"\r\n"))
            await reader.readuntil(b"\r\n\r\n")
            reset(writer)
            await asyncio.wait_for(missed.wait(), 5)

    asyncio.run(talk())


def test_nothing_is_kept_of_who_left_without_a_word() -> None:
    async def talk() -> None:
        async with serving(answer_all) as (worker, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET + b"\r\n")
            await reader.readuntil(b"\r\n\r\n")
            kept = weakref.ref(*worker.serving.connections)
            reset(writer)
            await asyncio.sleep(0.1)
            gc.collect()
            assert kept() is None

    asyncio.run(talk())


def reset(writer: asyncio.StreamWriter) -> None:
    """Leave without a word."""
    line = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def test_another_protocol_is_not_spoken_and_the_request_answered(served: Served) -> None:
    gunicorn, hook, api = served
    asking = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"
    request = sized(path_of(hook), fax("upgraded")).replace(b"Host:", asking + b"Host:", 1)
    with connected(gunicorn.port) as line:
        line.sendall(request)
        assert line.recv(4096).startswith(b"HTTP/1.1 200 ")
        line.sendall(chunked(path_of(hook), fax("next")))
        assert line.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert {"upgraded", "next"} <= kept(api)
    assert exchange(gunicorn.port, b"CONNECT x:443 HTTP/1.1\r\n\r\n") == 501


def test_old_clients_are_told_nothing_is_kept(served: Served) -> None:
    gunicorn, *_ = served
    with connected(gunicorn.port) as line:
        line.sendall(GET.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\n\r\n")
        assert b"connection: close" in heard(line).lower()


def test_old_clients_are_told_nothing_in_chunks_and_not_to_go_on(served: Served) -> None:
    gunicorn, hook, api = served
    with connected(gunicorn.port) as line:
        line.sendall(stream_of(api).replace(b"1.1", b"1.0", 1))
        line.shutdown(socket.SHUT_WR)
        head, _, events = heard_until(line, b"\n\n").partition(b"\r\n\r\n")
        assert b"transfer-encoding" not in head
        assert b"\r\n" not in events
        assert not is_closed(line)
    asking = b"Expect: 100-continue\r\nHost:"
    request = sized(path_of(hook), fax("old")).replace(b"1.1", b"1.0", 1)
    assert exchange(gunicorn.port, request.replace(b"Host:", asking, 1)) == 200


def test_who_waits_to_be_asked_for_a_body_is_asked(served: Served) -> None:
    gunicorn, hook, _ = served
    head, _, body = sized(path_of(hook), fax("asked")).partition(b"\r\n\r\n")
    with connected(gunicorn.port) as line:
        line.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 100 ")
        line.sendall(body)
        assert line.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_an_answer_is_whole_whether_it_has_a_body_or_not(served: Served) -> None:
    gunicorn, *_ = served
    for method, code, size in ((b"GET", 200, 1), (b"HEAD", 200, 0), (b"OPTIONS", 200, 0)):
        for closing in (b"", b"Connection: close\r\n"):
            said = said_to(gunicorn.port, GET.replace(b"GET", method) + closing + b"\r\n")
            assert statuses(said) == [code]
            assert len(said.partition(b"\r\n\r\n")[2]) >= size


def test_an_answer_says_when_it_was(served: Served) -> None:
    gunicorn, *_ = served
    said = said_to(gunicorn.port, GET + b"\r\n")
    (date,) = [line for line in said.split(b"\r\n") if line.lower().startswith(b"date: ")]
    assert date.endswith(b" GMT")
    assert b"uvicorn" not in said


def test_who_has_waited_longest_makes_room(narrow: Served) -> None:
    gunicorn, *_ = narrow
    lines = [connected(gunicorn.port) for _ in range(3)]
    lines[0].sendall(b"GET /healthz HTTP")  # It has begun, and never ends.
    time.sleep(0.3)
    assert statuses(said_to(gunicorn.port, GET + b"\r\n")) == [200]
    assert heard(lines[0]) == b""
    for line in lines[1:]:
        line.sendall(GET + b"Connection: close\r\n\r\n")
        assert statuses(heard(line)) == [200]
    for line in lines:
        line.close()


@pytest.mark.parametrize(("pieces", "size"), [(1, 20_000_000), (300, 65_536)])
def test_who_does_not_read_makes_room(pieces: int, size: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        for _ in range(pieces):
            await send({"type": "http.response.body", "body": b"y" * size, "more_body": True})
        await send({"type": "http.response.body"})

    async def talk() -> None:
        async with serving(app) as (worker, port):
            worker.worker_connections = 2
            with connected(port) as first, connected(port) as second:
                first.sendall(GET + b"\r\n")
                second.sendall(GET + b"\r\n")
                while sum(each.flow.write_paused for each in worker.serving.connections) < 2:
                    await asyncio.sleep(0.02)
                for line in (first, second):  # To ask for more is not to read.
                    line.sendall(GET + b"\r\n")
                await asyncio.sleep(0.1)
                with connected(port):
                    await asyncio.sleep(0.2)
                    assert worker.nr_conns == 2

    asyncio.run(asyncio.wait_for(talk(), 10))


def test_who_is_being_answered_makes_no_room(narrow: Served) -> None:
    gunicorn, _, api = narrow
    with connected(gunicorn.port) as line:
        line.sendall(GET + b"\r\n" + stream_of(api))  # The second one is what is answered now.
        heard_until(line, b"text/event-stream")
        others = [connected(gunicorn.port) for _ in range(4)]
        assert heard(others[0]) == b""
        assert not is_closed(line)
        for other in others:
            other.close()


def test_idle_and_unfinished_connections_do_not_delay_a_stop(
    sqlite_url: str, tmp_path: Path
) -> None:
    with running(sqlite_url, tmp_path / "log", ASGI) as (gunicorn, hook, _):
        lines = [connected(gunicorn.port) for _ in range(20)]
        for line in lines[:10]:
            line.sendall(sized(path_of(hook), b"half", 400))
        time.sleep(0.3)
        assert gunicorn.stop() < 7  # It would be 8.
        for line in lines:
            line.close()
        log = [json.loads(line) for line in gunicorn.output.read_text().splitlines()]
        loud: list[Any] = [each for each in log if each["level"] in ("error", "critical")]
        assert loud == []
