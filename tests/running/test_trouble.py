"""The database is read-only, full or locked: 503 within 3 seconds, and nothing is lost.

Away, hung, busy and on a full disk it is in `tests.faults`.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

from faxhooks.db.engine import open_engine
from tests.running.gunicorns import running
from tests.story import Hook, Service, make_service


def timed(hook: Hook, fax: str) -> tuple[Any, float]:
    started = time.monotonic()
    answer = hook.signalwire(FaxSid=fax, FaxStatus="delivered")
    return answer, time.monotonic() - started


def assert_refused(answer: Any, seconds: float) -> None:
    assert (answer.status_code, answer.content) == (503, b"")
    assert answer.headers["Retry-After"] == "2"
    assert seconds < 3


def test_read_only_is_503(postgresql_url: str, tmp_path: Path) -> None:
    name = make_url(postgresql_url).database
    engine = open_engine(postgresql_url)
    with running(postgresql_url, tmp_path / "log") as (_, hook, api):
        assert timed(hook, "before")[0].status_code == 200
        set_read_only = f'ALTER DATABASE "{name}" SET default_transaction_read_only = '
        with engine.begin() as connection:
            connection.execute(text(set_read_only + "on"))
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        assert_refused(*timed(hook, "during"))
        with engine.begin() as connection:
            connection.execute(text("SET TRANSACTION READ WRITE"))
            connection.execute(text(set_read_only + "off"))
        assert len(api.faxes()) == 1
    engine.dispose()


@pytest.fixture
def embedded(sqlite_url: str) -> Iterator[Service]:
    made = make_service(sqlite_url)
    yield made
    made.parts.database.engine.dispose()


def test_a_full_embedded_database_is_503_and_heals(embedded: Service) -> None:
    database = embedded.parts.database

    def limit(pages: int) -> None:
        def work(connection: Any, _record: Any, _proxy: Any) -> None:
            connection.execute(f"PRAGMA max_page_count = {pages}")

        event.listen(database.engine, "checkout", work)

    limit(1)
    answers = [embedded.hook.faxplus(f"{n}" * 200, "success") for n in range(40)]
    assert answers[-1].status_code == 503
    assert answers[-1].headers["Retry-After"] == "2"
    accepted = sum(answer.status_code == 200 for answer in answers)
    assert {answer.status_code for answer in answers} <= {200, 503}
    limit(1_000_000)
    assert embedded.hook.faxplus("after", "success").status_code == 200
    assert len(embedded.api.faxes("?limit=200")) == accepted + 1


def test_a_locked_embedded_database_is_503_within_3_seconds(embedded: Service) -> None:
    other = open_engine(str(embedded.parts.database.engine.url))
    with other.begin():  # A writer of another process, which does not end.
        started = time.monotonic()
        answer = embedded.hook.faxplus("a", "success")
        assert (answer.status_code, time.monotonic() - started < 3) == (503, True)
    assert embedded.hook.faxplus("a", "success").status_code == 200
    other.dispose()
