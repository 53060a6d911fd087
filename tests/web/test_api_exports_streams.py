"""An export is one long stream: flat in memory, of one moment, and never cut in silence."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from faxhooks.db.engine import MOST_STREAMS, Database
from faxhooks.db.faxes import Home
from faxhooks.domain.errors import UnavailableError
from tests.running.gunicorns import running
from tests.story import Api, Hook, Service
from tests.web.arrivals import fill

CSV, NDJSON = "text/csv", "application/x-ndjson"


def get(api: Api, path: str, accept: str) -> Any:
    headers = {"Authorization": f"Bearer {api.key}", "Accept": accept}
    return api.transport.send("GET", f"/api/v1{path}", headers, b"")


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    made = Database(postgresql_url)
    yield made
    made.engine.dispose()


def test_memory_stays_flat_however_long_the_list(service: Service) -> None:
    database, account = service.parts.database, service.hook.signalwire_account
    peaks = []
    for _ in range(2):
        fill(database, Home(account.id, account.provider), 4000, timedelta(hours=1))
        tracemalloc.start()
        length = sum(len(piece) for piece in get(service.api, "/faxes", NDJSON).response)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert length > 1_500_000
    assert peaks[1] < peaks[0] * 1.3


def test_an_export_gives_its_connection_back(service: Service, hook: Hook) -> None:
    hook.signalwire(FaxSid="f1", FaxStatus="sending")
    for _ in range(MOST_STREAMS + 1):
        answer = get(service.api, "/faxes", NDJSON)
        next(iter(answer.response))
        answer.close()
    answers = [get(service.api, "/faxes", NDJSON) for _ in range(MOST_STREAMS + 1)]
    assert [answer.status_code for answer in answers] == [200] * MOST_STREAMS + [503]
    assert answers[-1].headers["Retry-After"]
    for answer in answers:
        answer.close()
    assert get(service.api, "/faxes", NDJSON).status_code == 200


def test_slow_readers_take_no_connection_from_the_hooks(service: Service, hook: Hook) -> None:
    hook.signalwire(FaxSid="f0", FaxStatus="sending")
    answers = [get(service.api, "/faxes", CSV) for _ in range(MOST_STREAMS)]
    for number in range(1, 20):
        assert hook.signalwire(FaxSid=f"f{number}", FaxStatus="sending").status_code == 200
    for answer in answers:
        assert len(answer.text.splitlines()) == 2


def test_a_stream_that_hangs_is_given_up(database: Database) -> None:
    sleep = text("SELECT pg_sleep(20)")
    pieces = database.stream(lambda session: iter(session.execute(sleep)), seconds=0.5)
    with pytest.raises(UnavailableError):
        next(pieces)


def test_a_stream_begins_although_the_server_was_restarted_meanwhile(database: Database) -> None:
    ask = text("SELECT 1")
    assert database.read(lambda session: session.scalar(ask)) == 1
    other = Database(database.engine.url.render_as_string(hide_password=False))
    with other.engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    other.engine.dispose()
    assert list(database.stream(lambda session: iter(session.scalars(ask)))) == [1]


def test_a_stream_writes_nothing(database: Database) -> None:
    write = text("UPDATE feed SET last = 7")
    with pytest.raises(UnavailableError):
        next(database.stream(lambda session: iter(session.execute(write))))
    assert database.read(lambda session: session.scalar(text("SELECT last FROM feed"))) == 0


def test_a_stream_is_of_one_moment(service: Service, hook: Hook) -> None:
    database, account = service.parts.database, service.hook.signalwire_account
    fill(database, Home(account.id, account.provider), 2500, timedelta(hours=1))
    answer = get(service.api, "/faxes?sort=created_at", NDJSON)
    assert hook.signalwire(FaxSid="f2400", FaxStatus="delivered").status_code == 200
    shown = [json.loads(line) for line in answer.text.splitlines()]
    assert len(shown) == 2500
    assert {fax["events"] for fax in shown} == {1}


def _end_transactions(database: Database) -> bool:
    """Whether any was waiting for its reader, and is ended."""
    ended = database.write(
        lambda session: session.scalars(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND state = 'idle in transaction' "
                "AND datname = current_database()"
            )
        ).all()
    )
    return any(ended)


def test_an_export_that_breaks_does_not_end_as_if_it_were_whole(
    postgresql_url: str, database: Database, tmp_path: Path
) -> None:
    with running(postgresql_url, tmp_path / "log") as (served, hook, api):
        account = hook.signalwire_account
        fill(database, Home(account.id, account.provider), 20_000, timedelta(hours=1))
        with requests.get(
            f"http://127.0.0.1:{served.port}/api/v1/faxes",
            headers={"Authorization": f"Bearer {api.key}", "Accept": NDJSON},
            stream=True,
            timeout=30,
        ) as answer:
            pieces = answer.iter_content(10_000)
            next(pieces)
            until = time.monotonic() + 10
            while not _end_transactions(database):  # It may just be asked for more.
                assert time.monotonic() < until
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                list(pieces)
        assert api.get("/faxes?limit=1").status_code == 200
