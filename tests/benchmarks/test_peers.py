"""The peers do what they are compared for; what cannot be measured here is said."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest

from benchmarks import databases as bench_databases
from benchmarks import service
from benchmarks.contenders import Contender, serving
from benchmarks.databases import Make
from benchmarks.peers import installed, keeping, lineup
from benchmarks.peers.reading import Said
from benchmarks.traffic import Traffic, write_traffic
from tests.databases import Databases

STATEMENTS = Path(keeping.__file__).parent / "statements"
INSTALLED = {installed.python: installed.has_python, installed.node: installed.has_node}

QUEUED = Said(b"1", "signalwire", b"a", "f1", "queued", 10, None, "+1", "+2")
DELIVERED = Said(b"2", "signalwire", b"b", "f1", "delivered", 50, 3, "+1", "+2")
ANOTHER = Said(b"3", "faxplus", b"c", "f1", "busy", 50, 1, "", "")


@pytest.fixture
def make(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setenv("TEST_DATABASE_URL", databases.server.url)
    with bench_databases.postgresql(tmp_path) as make:
        yield make


@pytest.fixture
def tables(make: Make) -> str:
    url = make().replace("+psycopg", "")
    keeping.create_tables(url)
    return url


def statement(name: str) -> str:
    return (STATEMENTS / f"{name}.sql").read_text()


def keep_in_one(cursor: psycopg.RawCursor[tuple[int]], said: Said) -> None:
    cursor.execute(statement("one"), said)


def keep_as_usual(cursor: psycopg.RawCursor[tuple[int]], said: Said) -> None:
    kept = cursor.execute(statement("keep"), said[:3]).fetchone()
    if kept is None:
        cursor.execute(statement("repeat"), said[:1])
        return
    fax = cursor.execute(statement("apply"), (said.provider, *said[3:])).fetchone()
    assert fax is not None
    cursor.execute(statement("append"), (fax[0], kept[0], said.status))


@pytest.mark.parametrize("keep", [keep_in_one, keep_as_usual])
def test_both_wordings_keep_a_callback_once_and_never_take_a_status_back(
    tables: str, keep: Callable[[psycopg.RawCursor[tuple[int]], Said], None]
) -> None:
    with psycopg.connect(tables) as connection, psycopg.RawCursor(connection) as cursor:
        for said in (DELIVERED, QUEUED, DELIVERED, ANOTHER):
            keep(cursor, said)
        faxes = cursor.execute("SELECT provider, status, rank, pages FROM faxes ORDER BY 1")
        assert faxes.fetchall() == [("faxplus", "busy", 50, 1), ("signalwire", "delivered", 50, 3)]
        seen = cursor.execute("SELECT body, seen FROM callbacks ORDER BY 1")
        assert seen.fetchall() == [(b"a", 1), (b"b", 2), (b"c", 1)]
        history = cursor.execute("SELECT count(*), count(DISTINCT fax_id) FROM events")
        assert history.fetchall() == [(3, 2)]
    assert keeping.look_up(tables, [b"b", b"a", b"b", b"c"]).is_whole


def test_what_a_peer_lost_is_found_out(tables: str) -> None:
    with psycopg.connect(tables) as connection, psycopg.RawCursor(connection) as cursor:
        keep_in_one(cursor, QUEUED)
    assert keeping.look_up(tables, [b"a"]).is_whole
    assert keeping.look_up(tables, [b"a", b"b"]).lost == 1
    assert not keeping.look_up(tables, [b"a", b"a"]).is_whole
    with psycopg.connect(tables) as connection:
        connection.execute("DELETE FROM events")
    kept = keeping.look_up(tables, [b"a"])
    assert (kept.misread, kept.is_whole) == (1, False)


@pytest.mark.parametrize("name", lineup.ALL)
def test_a_peer_takes_what_is_signed_and_keeps_all_of_it(
    name: str, make: Make, blank_sqlite_url: str, tmp_path: Path
) -> None:
    kept = service.Secrets()
    customers = service.prepare(kept, [blank_sqlite_url])
    found, missing = lineup.contenders({name: runnable(name)}, kept.shared(customers), make)
    assert not missing
    traffic = write_traffic(tmp_path / "requests", customers, 200)
    assert set(answers(found[0], traffic, tmp_path)) == {200}
    assert found[0].look_up is not None
    assert found[0].look_up(traffic.body(number) for number in range(len(traffic))).is_whole
    forged = replace(found[0], environ={**found[0].environ, "SIGNING_KEY": "PSK_another"})
    assert set(answers(forged, traffic, tmp_path)) == {200, 403}
    unknown = {"SIGNALWIRE_TOKEN": "another", "FAXPLUS_TOKEN": "another"}
    elsewhere = replace(found[0], environ={**found[0].environ, **unknown})
    assert set(answers(elsewhere, traffic, tmp_path)) == {403}


def runnable(name: str) -> lineup.Peer:
    """The one that needs nothing but our own packages runs on them; the others where they are."""
    peer = lineup.ALL[name]
    if name == lineup.FLASK_ORM:
        return replace(peer, interpreter=lambda: Path(sys.executable))
    if not INSTALLED[peer.interpreter]():
        pytest.skip(f"{name} is not installed; `make bench` does that")
    return peer


def answers(contender: Contender, traffic: Traffic, folder: Path) -> list[int]:
    said = []
    with serving(contender, folder / "log") as started:
        connection = HTTPConnection("127.0.0.1", started.port, timeout=20)
        for number in range(len(traffic)):
            head, _, body = traffic[number].decode().partition("\r\n\r\n")
            first, *lines = head.split("\r\n")
            method, target, _ = first.split(" ")
            connection.request(method, target, body, dict(line.split(": ", 1) for line in lines))
            answer = connection.getresponse()
            answer.read()
            said.append(answer.status)
        connection.close()
    return said


def test_without_node_its_peers_are_missing_and_the_others_are_not(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = {name: lineup.ALL[name] for name in (lineup.FASTIFY, lineup.FASTIFY_ONE)}
    asked[lineup.FLASK_ORM] = runnable(lineup.FLASK_ORM)
    found, missing = lineup.contenders(asked, {}, make)
    assert [each.name for each in found] == [lineup.FLASK_ORM]
    assert missing == dict.fromkeys(
        (lineup.FASTIFY, lineup.FASTIFY_ONE),
        "node is not here; install Node.js 20 or newer, with npm",
    )
