"""Faxes are sent from the command line, which says what became of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from faxhooks.simulator.fakes.behaviour import Behaviour
from tests.asked import World, world
from tests.cli.running import Faxhooks
from tests.fakes import FROM, TO
from tests.ordered import FAX, dispatch, redial, taken
from tests.story import settings_for


@pytest.fixture
def there(sqlite_url: str) -> Iterator[World]:
    with world(sqlite_url) as made:
        yield made


@pytest.fixture
def faxhooks(there: World, sqlite_url: str) -> Faxhooks:
    return Faxhooks(settings_for(sqlite_url))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "order.pdf"
    path.write_bytes(FAX)
    return path


def words(file: Path, *more: str) -> tuple[str, ...]:
    return ("send", str(file), "--from", FROM, "--account", "asked-faxplus", *more)


@contextmanager
def working(there: World) -> Iterator[None]:
    """A worker, for whom an hour passes whenever a fax was sent."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.1):
            if dispatch(there)["sent"]:
                there.put_on(hours=1)
                there.settle()
            there.sweep()
            redial(there)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        done.set()
        worker.join()


def test_it_is_entered_and_waited_for(there: World, faxhooks: Faxhooks, file: Path) -> None:
    with working(there):
        said = faxhooks(*words(file, "--to", TO, "--wait", "1m")).well()
    assert f"{TO}  delivered" in said.out
    assert len(taken(there, "faxplus")) == 1


def test_it_is_waited_for_until_its_redials_are_used_up(
    there: World, faxhooks: Faxhooks, file: Path
) -> None:
    there.fakes["faxplus"].behaviour = Behaviour(outcomes={"failed_user_busy": 1.0})
    with working(there):
        more = ("--redials", "1", "--redial-delays", "0", "--wait", "1m")
        said = faxhooks(*words(file, "--to", TO, *more))
    assert f"{TO}  busy" in said.out
    assert len(taken(there, "faxplus")) == 2


def test_numbers_are_taken_as_people_write_them(
    there: World, faxhooks: Faxhooks, file: Path
) -> None:
    told = ("--from", "+1 (310) 555-0100", "--account", "asked-faxplus", "--no-wait", "--json")
    answer = faxhooks("send", str(file), "--to", "+1 310-555-0101", *told)
    (fax,) = answer.json["data"]
    assert (fax["to"], fax["from"]) == ("+13105550101", FROM)
    assert there.service.api.faxes()[0]["to"] == "+13105550101"


def test_without_waiting_it_is_queued(there: World, faxhooks: Faxhooks, file: Path) -> None:
    said: Any = faxhooks(*words(file, "--to", TO, "--no-wait", "--json")).well().json
    assert [(fax["to"], fax["status"]) for fax in said["data"]] == [(TO, "queued")]
    dispatch(there)
    assert len(taken(there, "faxplus")) == 1


def test_what_cannot_be_sent_is_said(faxhooks: Faxhooks, file: Path) -> None:
    for more, said in (
        ((), "say to whom"),
        (("--to", "12"), "to: not a number"),
        (("--to", TO, "--ttl", "5"), "ttl: "),
        (("--to", TO, "--account", "nobody"), "account: there is no such account"),
    ):
        answer = faxhooks(*words(file, *more))
        assert answer.code == 1
        assert said in answer.err


def test_a_table_is_sent_row_by_row_and_never_twice(
    there: World, faxhooks: Faxhooks, file: Path
) -> None:
    table = file.parent / "many.csv"
    rows = ["to,file,case", f"{TO},order.pdf,4711", "12,order.pdf,4712", "+13105550102,order.pdf,"]
    table.write_text("\n".join(rows))
    send = ("send", "--csv", str(table), "--from", FROM, "--account", "asked-faxplus", "--no-wait")
    for _ in range(2):
        answer = faxhooks(*send, "--json")
        assert answer.code == 1
        assert [fax["tags"] for fax in answer.json["data"]] == [{"case": "4711"}, {}]
        assert [fault["to"] for fault in answer.json["refused"]] == ["12"]
    assert len(there.service.api.faxes()) == 2
    dispatch(there)
    assert len(taken(there, "faxplus")) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("to,name\n+13105550101,Zoë\n".encode("latin-1"), "the table is not UTF-8; save it"),
        (b"to\n" + b"1" * 200_000, "the table cannot be read"),
        (f"to,Case No\n{TO},4711\n".encode(), "A tag's name has 1 to 64 of a-z, 0-9"),
        (b"to;case\n+13105550101;1\n", "with commas between them; one of them is `to`"),
        (b"", "one of them is `to`"),
    ],
)
def test_of_a_table_that_cannot_be_read_nothing_is_sent(
    there: World, faxhooks: Faxhooks, file: Path, content: bytes, said: str
) -> None:
    table = file.parent / "many.csv"
    table.write_bytes(content)
    answer = faxhooks(*words(file, "--csv", str(table), "--no-wait"))
    assert answer.code == 1
    assert said in answer.err
    assert there.service.api.faxes() == []
