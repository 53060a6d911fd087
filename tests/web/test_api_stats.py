"""Faxes in numbers: the same as plain Python counts, on each database."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import event, text

from faxhooks.db.buckets import Bucket
from faxhooks.db.statistics import Grouping, Window, count_faxes
from faxhooks.services import statistics
from faxhooks.services.keys import create_key
from tests.story import Api, Service
from tests.web.made_faxes import BEGIN, add_faxes, drawn_fax, made_fax
from tests.web.plain_statistics import COUNTS, plain_counts, plain_groups

END = BEGIN + timedelta(days=21)


def drawn(service: Service, count: int) -> list[dict[str, Any]]:
    """So many faxes of both accounts, kept and told."""
    dice = random.Random(count)
    hook = service.hook
    owners = [(hook.signalwire_account.id, "signalwire"), (hook.faxplus_account.id, "faxplus")]
    faxes = [drawn_fax(dice, *dice.choice(owners)) for _ in range(count)]
    add_faxes(service.parts.database, faxes)
    return [fax for fax in faxes if fax["merged_into"] is None]


def window(start: datetime = BEGIN, end: datetime = END) -> str:
    return f"from={quote(start.isoformat())}&to={quote(end.isoformat())}"


def ask(api: Api, query: str) -> Any:
    answer = api.get(f"/stats?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def key_of(row: dict[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name]["id"] if name == "account" else row[name] for name in names)


GROUPINGS: tuple[tuple[str, ...], ...] = (
    (),
    *((name,) for name in Grouping),
    ("provider", "status"),
    tuple(Grouping),
)


@pytest.mark.parametrize("bucket", [None, *Bucket])
def test_every_grouping_counts_as_plain_python_does(
    service: Service, api: Api, bucket: str | None
) -> None:
    faxes, end = drawn(service, 400), END
    if bucket == "hour":
        end = BEGIN + timedelta(days=3)
        faxes = [fax for fax in faxes if fax["created_at"] < end]
    for names in GROUPINGS:
        query = f"{window(BEGIN, end)}&group_by={','.join(names)}" if names else window(BEGIN, end)
        answer = ask(api, f"{query}&bucket={bucket}" if bucket else query)
        columns = [*(["bucket"] if bucket else []), *names]
        found = {key_of(row, columns): row for row in answer["data"]}
        assert len(found) == len(answer["data"])
        assert {
            key: {name: row[name] for name in COUNTS} for key, row in found.items() if row["faxes"]
        } == plain_groups(faxes, bucket, names)
        assert answer["total"] == plain_counts(faxes)


@pytest.mark.parametrize(
    ("bucket", "spans", "ends"),
    [
        ("hour", 21 * 24, ("2026-02-26T00:00:00Z", "2026-03-18T23:00:00Z")),
        ("day", 21, ("2026-02-26T00:00:00Z", "2026-03-18T00:00:00Z")),
        ("week", 4, ("2026-02-23T00:00:00Z", "2026-03-16T00:00:00Z")),
        ("month", 2, ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")),
    ],
)
def test_spans_without_a_fax_are_there_with_zeros(
    service: Service, api: Api, bucket: str, spans: int, ends: tuple[str, str]
) -> None:
    empty = ask(api, f"{window()}&bucket={bucket}")["data"]
    assert len(empty) == spans
    assert (empty[0]["bucket"], empty[-1]["bucket"]) == ends
    assert {row["faxes"] for row in empty} == {0}
    account = service.hook.signalwire_account.id
    noon = BEGIN + timedelta(hours=12)
    delivered = made_fax(account, "signalwire", created_at=noon)
    busy = made_fax(account, "signalwire", created_at=noon, status="busy")
    add_faxes(service.parts.database, [delivered, busy])
    rows = ask(api, f"{window()}&bucket={bucket}&group_by=status")["data"]
    assert len(rows) == spans * 2
    assert [row["status"] for row in rows[:2]] == ["busy", "delivered"]
    assert sum(row["faxes"] for row in rows) == 2
    assert rows[-1]["by_outcome"]["failure"] == 0
    assert rows[-1]["time_to_final"] is None


def test_without_any_fax_there_is_no_group(api: Api) -> None:
    answer = ask(api, f"{window()}&bucket=day&group_by=provider,status")
    assert answer["data"] == []
    assert answer["total"]["faxes"] == 0
    assert answer["total"]["success_rate"] is None


def test_a_window_includes_its_beginning_and_excludes_its_end(service: Service, api: Api) -> None:
    account = service.hook.signalwire_account.id
    moments = (BEGIN, BEGIN + timedelta(hours=1))
    faxes = [made_fax(account, "signalwire", created_at=moment) for moment in moments]
    add_faxes(service.parts.database, faxes)
    assert ask(api, window(*moments))["total"]["faxes"] == 1
    assert ask(api, window(BEGIN, BEGIN + timedelta(hours=2)))["total"]["faxes"] == 2


def test_without_a_window_the_last_thirty_days_are_counted(service: Service, api: Api) -> None:
    service.hook.faxplus("f1", "success")
    answer = ask(api, "")
    begin, end = (datetime.fromisoformat(answer[name]) for name in ("from", "to"))
    assert end - begin == timedelta(days=30)
    assert answer["total"]["faxes"] == 1
    assert answer["data"] == [answer["total"]]
    assert ask(api, f"to={quote(BEGIN.isoformat())}")["from"] == "2026-01-27T00:00:00Z"


def test_an_account_is_named_as_in_a_fax(service: Service, api: Api) -> None:
    service.hook.faxplus("f1", "success")
    (row,) = ask(api, "group_by=account")["data"]
    assert row["account"] == api.fax("f1")["account"]


def test_filters_narrow_what_is_counted(service: Service, api: Api) -> None:
    service.hook.signalwire(FaxSid="s1", FaxStatus="busy")
    service.hook.faxplus("p1", "success")
    service.hook.faxplus("p2", "success", event="fax_received")
    counted = {
        "provider=signalwire": 1,
        "account=plus": 2,
        "account=plus,main": 3,
        "account=nobody": 0,
        "direction=inbound": 1,
        "provider=faxplus&direction=outbound": 1,
    }
    assert {query: ask(api, query)["total"]["faxes"] for query in counted} == counted


def test_a_key_counts_what_it_may_see(service: Service) -> None:
    service.hook.signalwire(FaxSid="s1", FaxStatus="busy")
    service.hook.faxplus("p1", "success")
    account = service.hook.faxplus_account.id
    _, key = service.parts.database.write(
        lambda session: create_key(session, "plus", ["read"], account_id=account)
    )
    api = Api(service.api.transport, key)
    answer = ask(api, "group_by=provider")
    assert [row["provider"] for row in answer["data"]] == ["faxplus"]
    assert answer["total"]["faxes"] == 1
    assert ask(api, "account=main")["total"]["faxes"] == 0


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("bucket=minute", "bucket"),
        ("group_by=colour", "group_by"),
        ("group_by=status,status", "group_by"),
        ("from=yesterday", "from"),
        (window(END, BEGIN), "from"),
        (window(BEGIN, BEGIN), "from"),
        (f"{window(BEGIN - timedelta(days=401), BEGIN)}&bucket=hour", "from"),
        (window(BEGIN - timedelta(days=4001), BEGIN), "from"),
        ("limit=5", "limit"),
    ],
)
def test_a_bad_parameter_is_400_and_says_what_is_allowed(
    api: Api, query: str, parameter: str
) -> None:
    answer = api.get(f"/stats?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert [fault["parameter"] for fault in answer.json["errors"]] == [parameter]


def test_the_longest_windows_are_taken(api: Api) -> None:
    hours = ask(api, f"{window(BEGIN - timedelta(days=400), BEGIN)}&bucket=hour")
    assert len(hours["data"]) == 9600
    days = ask(api, f"{window(BEGIN - timedelta(days=4000), BEGIN)}&bucket=day")
    assert len(days["data"]) == 4000


def test_more_rows_than_anybody_reads_are_refused(service: Service, api: Api) -> None:
    account = service.hook.signalwire_account.id
    statuses = ("busy", "failed", "delivered")
    faxes = [made_fax(account, "signalwire", status=status) for status in statuses]
    add_faxes(service.parts.database, faxes)
    assert statistics.MOST_ROWS < 9600 * 3
    start = BEGIN - timedelta(days=399)
    end = BEGIN + timedelta(days=1)
    answer = api.get(f"/stats?{window(start, end)}&bucket=hour&group_by=status")
    assert answer.status_code == 400
    assert "longer bucket" in answer.json["errors"][0]["detail"]


def test_what_is_left_of_an_hour_is_read_from_its_index(service: Service) -> None:
    database = service.parts.database
    account = service.hook.signalwire_account.id
    days = [BEGIN + timedelta(minutes=7 * number) for number in range(20_000)]
    faxes = [made_fax(account, "signalwire", created_at=moment) for moment in days]
    add_faxes(database, faxes)
    database.write(lambda session: session.execute(text("ANALYZE")))
    asked: list[tuple[str, Any]] = []
    day = Window(start=BEGIN + timedelta(minutes=30), end=BEGIN + timedelta(days=1))

    def explain(session: Any) -> str:
        connection = session.connection()
        run = connection.exec_driver_sql

        def keep(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            asked.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", keep)
        count_faxes(session, day, bucket=Bucket.HOUR, groupings=list(Grouping))
        statement, parameters = asked[-1]
        how = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        return "\n".join(str(tuple(row)) for row in run(how + statement, parameters))

    plan = database.read(explain)
    assert "ix_faxes_created_at_id" in plan
    assert "Seq Scan on faxes" not in plan
