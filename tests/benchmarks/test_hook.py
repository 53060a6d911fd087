"""A run of `make bench` in small, and what its figures may be believed for."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from benchmarks import hook, keeping, service
from benchmarks.databases import postgresql
from benchmarks.exemplars import make_exemplars
from benchmarks.filling import fill
from benchmarks.load import is_whole
from benchmarks.report import Figure, Round
from benchmarks.traffic import REPEATS, write_traffic
from faxhooks.simulator.story import Customer
from tests.databases import Databases
from tests.story import Service, make_service


@pytest.fixture
def service_on_sqlite(sqlite_url: str) -> Service:
    return make_service(sqlite_url)


@pytest.fixture
def customers(service_on_sqlite: Service) -> dict[str, Customer]:
    told = service_on_sqlite.hook
    accounts = (told.signalwire_account, told.faxplus_account)
    return {each.provider: Customer(each.hook_url, each.config) for each in accounts}


@pytest.fixture(autouse=True)
def server(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is looked for where this run has found it."""
    monkeypatch.setenv("TEST_DATABASE_URL", databases.server.url)


def run(folder: Path, *arguments: str) -> dict[str, Any]:
    path = folder / "hook.json"
    given = ["--seconds", "0.3", "--rounds", "1", "--connections", "4", "--json", str(path)]
    assert hook.main([*given, *arguments]) == 0
    assert [each.name for each in folder.iterdir()] == ["hook.json"]
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_tiny_run_finds_all_that_was_acknowledged_through_every_door(tmp_path: Path) -> None:
    found = run(tmp_path, "--only", "faxhooks")["contenders"]
    assert list(found) == [*service.DOORS, service.SQLITE]
    for each in found.values():
        kept = each["kept"]
        assert each["valid"]
        assert kept["callbacks"] == kept["events"] == kept["distinct"] > 0
        assert kept["seen"] == kept["acknowledged"]
        assert each["megabytes"] > 20
        assert each["start_seconds"] > 0


def test_what_flask_can_do_here_is_measured_without_a_database(tmp_path: Path) -> None:
    found = run(tmp_path, "--only", "Flask,")["contenders"]
    assert [(name, each["valid"], each["kept"]) for name, each in found.items()] == [
        (service.ANSWERS, True, None),
        (service.VERIFIES, True, None),
    ]


def test_callbacks_are_found_among_the_faxes_that_were_there_before(tmp_path: Path) -> None:
    found = run(tmp_path, "--faxes", "200")["contenders"]
    assert list(found) == [service.shipped(), "faxhooks at 200 faxes"]
    kept = found["faxhooks at 200 faxes"]["kept"]
    assert kept["is_whole"]
    assert kept["callbacks"] == kept["distinct"] > 0


def test_a_database_to_be_written_to_keeps_its_log_and_one_to_be_read_does_not(
    tmp_path: Path,
) -> None:
    unlogged = "SELECT count(*) FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r'"
    counted = []
    exemplars = make_exemplars(tmp_path, of_each=1, seed=1)
    with postgresql(tmp_path) as make:
        for url, logged in ((make(), True), (make(), False)):
            fill(url, exemplars, 50, seed=1, logged=logged)
            with psycopg.connect(url.replace("+psycopg", "")) as connection:
                counted += connection.execute(unlogged).fetchall()
    assert counted[0] == (0,)
    assert counted[1] > (0,)


def test_a_door_that_nobody_measures_may_not_be_shipped() -> None:
    procfile = "web: python -m gunicorn --config gunicorn.conf.py another:app\nworker: x"
    with pytest.raises(ValueError, match="another:app"):
        service.shipped(procfile)


def test_the_requests_are_what_the_providers_would_send(
    service_on_sqlite: Service, customers: dict[str, Customer], tmp_path: Path
) -> None:
    traffic = write_traffic(tmp_path / "requests", customers, 300)
    transport = service_on_sqlite.hook.transport
    for number in range(len(traffic)):
        head, _, body = traffic[number].partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, where, _ = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        assert transport.send(method, where, headers, body).status_code == 200
        assert traffic.body(number) == body
    faxes = service_on_sqlite.api.faxes("?limit=200")
    assert {fax["evidence"] for fax in faxes} == {"signed", "unsigned"}


def test_one_request_in_twenty_is_a_repeat_of_an_earlier_one(
    customers: dict[str, Customer], tmp_path: Path
) -> None:
    traffic = write_traffic(tmp_path / "requests", customers, 12_000)
    requests = [traffic[number] for number in range(len(traffic))]
    assert len(set(requests)) / len(requests) == pytest.approx(1 - REPEATS, abs=0.01)
    assert 550 < sum(map(len, requests)) / len(requests) < 750


def test_an_acknowledged_callback_that_is_not_stored_is_found_out(
    service_on_sqlite: Service,
) -> None:
    assert service_on_sqlite.hook.faxplus("a", "success").status_code == 200
    url = str(service_on_sqlite.parts.database.engine.url)
    body = b'{"hook":{"id":"b"}}'
    assert not keeping.look_up(url, [body]).is_whole
    assert keeping.look_up(url, [body]).lost == 1
    assert keeping.look_up(url, []).is_whole


def test_a_repeat_that_was_not_counted_is_found_out(service_on_sqlite: Service) -> None:
    assert service_on_sqlite.hook.signalwire(FaxSid="f1", FaxStatus="queued").status_code == 200
    kept = keeping.look_up(
        str(service_on_sqlite.parts.database.engine.url), [b"FaxSid=f1&FaxStatus=queued"] * 2
    )
    assert (kept.lost, kept.distinct, kept.seen, kept.is_whole) == (0, 1, 1, False)


def test_a_callback_that_could_not_be_read_is_found_out(service_on_sqlite: Service) -> None:
    assert service_on_sqlite.hook.faxplus("a", "nobody-knows").status_code == 200
    kept = keeping.look_up(str(service_on_sqlite.parts.database.engine.url), [])
    assert (kept.misread, kept.is_whole) == (1, False)


@pytest.mark.parametrize(
    ("answers", "valid"),
    [({"200": 9}, True), ({"200": 9, "503": 1}, False), ({"200": 9, "timeout": 1}, False)],
)
def test_a_figure_with_any_other_answer_than_200_is_invalid(
    answers: dict[str, int], valid: bool
) -> None:
    measured = Round(1, 9.0, 1.0, 2.0, 0.1, answers)
    assert Figure("it", crowded=[measured], alone=[measured]).is_valid is valid


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Len", False),
    ],
)
def test_an_answer_is_whole_when_its_body_is_there(answer: bytes, whole: bool) -> None:
    assert is_whole(answer) is whole


def test_an_answer_without_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        is_whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
