"""An event loop talks to PostgreSQL and goes on while it is answered."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvloop
from psycopg import OperationalError, errors

from faxhooks.db.lines import Lines
from faxhooks.db.opening import open_swift
from faxhooks.db.prepared import Prepared
from faxhooks.db.steps import Ask, Steps
from faxhooks.domain.errors import UnavailableError
from tests.running.proxies import Relay
from tests.servers import Server

LENGTH = Prepared("SELECT length($1), pg_backend_pid()")
SLEEP = Prepared("SELECT pg_sleep(CAST($1 AS double precision))")
DIVIDE = Prepared("SELECT 1 / CAST($1 AS integer)")
NOTICE = b"N\0\0\0\x0eSWARNING\0\0"
"""As a server says that it goes, in less words."""


Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """By the loop that the server has, and by Python's own."""
    chosen: Run = request.param
    return chosen


@pytest.fixture
def relay(postgresql_url: str) -> Iterator[Relay]:
    made = Relay(postgresql_url)
    yield made
    made.close()


@contextmanager
def opened(url: str) -> Iterator[Lines]:
    engine = open_swift(url)
    lines = Lines(engine)
    try:
        yield lines
    finally:
        lines.close()
        engine.dispose()


def asked(prepared: Prepared, *values: bytes) -> Steps[list[int]]:
    """The first row of the answer, as numbers."""
    (row,) = yield Ask(lambda: (prepared, values), list)
    return [int(value or 0) for value in row]


def soon(seconds: float = 2.0) -> float:
    return time.monotonic() + seconds


def test_a_line_is_kept_and_a_statement_prepared_once(run: Run, postgresql_url: str) -> None:
    async def story() -> None:
        with opened(postgresql_url) as lines:
            answers = [await lines.do(asked(LENGTH, b"x" * n), soon()) for n in (1, 20_000_000, 3)]
            assert [length for length, _ in answers] == [1, 20_000_000, 3]
            assert len({backend for _, backend in answers}) == 1

    run(story())


def test_the_loop_goes_on_while_the_server_works(run: Run, postgresql_url: str) -> None:
    async def story() -> None:
        with opened(postgresql_url) as lines:
            await lines.do(asked(LENGTH, b""), soon())
            working = asyncio.create_task(lines.do(asked(SLEEP, b"0.5"), soon()))
            steps = 0
            while not working.done():
                await asyncio.sleep(0.01)
                steps += 1
            assert steps > 10

    run(story())


def test_what_the_server_refuses_is_raised_and_the_line_is_kept(
    run: Run, postgresql_url: str
) -> None:
    async def story() -> None:
        with opened(postgresql_url) as lines:
            _, backend = await lines.do(asked(LENGTH, b""), soon())
            with pytest.raises(errors.DivisionByZero):
                await lines.do(asked(DIVIDE, b"0"), soon())
            assert await lines.do(asked(DIVIDE, b"1"), soon()) == [1]
            assert await lines.do(asked(LENGTH, b"x"), soon()) == [1, backend]

    run(story())


def test_the_work_hears_first_of_what_went_wrong(run: Run, postgresql_url: str) -> None:
    def forgiving() -> Steps[str]:
        try:
            yield from asked(DIVIDE, b"0")
        except errors.DivisionByZero:
            return "forgiven"
        return "not reached"

    async def story() -> None:
        with opened(postgresql_url) as lines:
            assert await lines.do(forgiving(), soon()) == "forgiven"

    run(story())


def test_a_hung_server_is_given_up_on_in_time(run: Run, relay: Relay) -> None:
    async def story() -> None:
        with opened(relay.url) as lines:
            await lines.do(asked(LENGTH, b""), soon())
            relay.hang()
            started = time.monotonic()
            with pytest.raises(UnavailableError):
                await lines.do(asked(LENGTH, b"x" * 20_000_000), soon(0.5))
            assert 0.4 < time.monotonic() - started < 1.0
            relay.resume()
            assert (await lines.do(asked(LENGTH, b"abc"), soon()))[0] == 3

    run(story())


def test_a_line_that_is_cut_in_the_middle_of_work_is_an_error_of_the_driver(
    run: Run, relay: Relay
) -> None:
    async def story() -> None:
        with opened(relay.url) as lines:
            await lines.do(asked(LENGTH, b""), soon())
            working = asyncio.create_task(lines.do(asked(SLEEP, b"5"), soon()))
            await asyncio.sleep(0.1)
            relay.cut()
            with pytest.raises(OperationalError):
                await working
            relay.mend()
            assert (await lines.do(asked(LENGTH, b"abc"), soon()))[0] == 3

    run(story())


@pytest.mark.parametrize("last", [NOTICE, b""])
def test_a_line_that_is_reset_is_an_error_at_once_whatever_came_before(
    run: Run, relay: Relay, last: bytes
) -> None:
    async def story() -> None:
        with opened(relay.url) as lines:
            await lines.do(asked(LENGTH, b""), soon())
            relay.hang()
            working = asyncio.create_task(lines.do(asked(LENGTH, b"x"), soon()))
            await asyncio.sleep(0)
            # The loop hears of all of it in one turn.
            relay.break_off(last)
            time.sleep(0.1)
            relay.resume()
            with pytest.raises(OperationalError):
                await asyncio.wait_for(working, 0.5)
            assert (await lines.do(asked(LENGTH, b"abc"), soon()))[0] == 3

    run(story())


def test_a_line_that_is_reset_while_nobody_talks_is_opened_anew(run: Run, relay: Relay) -> None:
    async def story() -> None:
        with opened(relay.url) as lines:
            await lines.do(asked(LENGTH, b""), soon())
            relay.break_off(NOTICE)
            await asyncio.sleep(0.1)
            assert (await lines.do(asked(LENGTH, b"abc"), soon()))[0] == 3

    run(story())


def test_a_line_that_is_cut_while_nobody_talks_is_opened_anew(
    run: Run, postgresql_url: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue("databases").server

    async def story() -> None:
        with opened(postgresql_url) as lines:
            _, backend = await lines.do(asked(LENGTH, b""), soon())
            server.execute("SELECT pg_terminate_backend(%s)", [str(backend)])
            await asyncio.sleep(0.3)
            length, other = await lines.do(asked(LENGTH, b"abc"), soon())
            assert length == 3
            assert other != backend

    run(story())
