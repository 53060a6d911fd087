"""All of a list at once: as CSV that no spreadsheet runs, and as one JSON object per line."""

import csv
import io
import json
import re
from typing import Any

import orjson
import pytest

from faxhooks.db.faxlists import FaxFilter, list_page
from faxhooks.services.exporting import safe_cell
from faxhooks.services.shapes import Shape, present, raw_json
from tests.story import Api, Hook, Service

CSV, NDJSON = "text/csv", "application/x-ndjson"


def get(api: Api, path: str, accept: str | None) -> Any:
    headers = {"Authorization": f"Bearer {api.key}"}
    headers |= {} if accept is None else {"Accept": accept}
    return api.transport.send("GET", f"/api/v1{path}", headers, b"")


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def five(hook: Hook) -> None:
    hook.signalwire(FaxSid="s1", FaxStatus="delivered", To="+13105550101", NumPages="2")
    hook.signalwire(
        FaxSid="s2", FaxStatus="failed", ErrorCode="34004", ErrorMessage='=HYPERLINK("x"),\r\n@b'
    )
    hook.signalwire(FaxSid="-1+2", FaxStatus="sending", RemoteStationId="\t+1 310 Ünïcode")
    hook.faxplus("p1", "success", to="+13105550101", **{"from": "+12125550100"})
    hook.faxplus("p2", "failed_no_answer", to="=1+1")


@pytest.mark.usefixtures("five")
def test_ndjson_is_what_the_pages_show(api: Api) -> None:
    answer = get(api, "/faxes", NDJSON)
    assert answer.content_type == NDJSON
    assert lines(answer) == api.faxes()
    assert lines(get(api, "/faxes?sort=created_at&status=failed,no-answer", NDJSON)) == api.faxes(
        "?sort=created_at&status=failed,no-answer"
    )


@pytest.mark.usefixtures("five")
def test_a_line_of_ndjson_is_written_as_a_fax_is_shown(service: Service) -> None:
    def ask(session: Any) -> list[tuple[bytes, bytes]]:
        faxes, _ = list_page(session, FaxFilter(), limit=10)
        shape = Shape(history=True, masked=True)
        raw, shown = present(session, faxes, shape, raw=True), present(session, faxes, shape)
        return [(raw_json(one), orjson.dumps(other)) for one, other in zip(raw, shown, strict=True)]

    pairs = service.parts.database.read(ask)
    assert len(pairs) == 5
    for written, shown in pairs:
        assert written == shown + b"\n"


@pytest.mark.usefixtures("five")
def test_csv_has_a_header_and_a_row_for_each_fax(api: Api) -> None:
    answer = get(api, "/faxes", CSV)
    assert answer.content_type == "text/csv; charset=utf-8"
    name = answer.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="faxes-\d{8}T\d{6}Z\.csv"', name)
    found = rows(answer)
    assert list(found[0])[:6] == [
        "id",
        "provider",
        "account.id",
        "account.label",
        "provider_fax_id",
        "references",
    ]
    assert [row["id"] for row in found] == [fax["id"] for fax in api.faxes()]
    delivered = next(row for row in found if row["provider_fax_id"] == "s1")
    shown = api.fax("s1")
    assert delivered["account.id"] == shown["account"]["id"]
    assert delivered["created_at"] == shown["created_at"]
    assert (delivered["to"], delivered["pages"], delivered["reason.code"]) == (
        "+13105550101",
        "2",
        "",
    )
    failed = next(row for row in found if row["provider_fax_id"] == "p2")
    assert (failed["reason.code"], failed["reason.may_have_printed"]) == ("line.no_answer", "false")


@pytest.mark.usefixtures("five")
def test_csv_ends_lines_and_quotes_by_rfc_4180(api: Api) -> None:
    answer = get(api, "/faxes?status=failed&fields=error", CSV)
    assert answer.data == (b'error.code,error.message\r\n34004,"\'=HYPERLINK(""x""),\r\n\'@b"\r\n')


@pytest.mark.usefixtures("five")
def test_no_cell_of_an_export_can_be_run(api: Api) -> None:
    for row in rows(get(api, "/faxes", CSV)):
        for cell in row.values():
            runs = cell.lstrip(" \"'\t\r\n")[:1] in {"=", "+", "-", "@"}
            assert not runs or cell.startswith("'") or re.fullmatch(r"\+[1-9]\d{6,14}", cell), cell
    told = {row["remote_station_id"] for row in rows(get(api, "/faxes", CSV))}
    assert "'+1 310 Ünïcode" in told


@pytest.mark.parametrize(
    ("text_", "cell"),
    [
        ("plain", "plain"),
        ("", ""),
        ("+13105550101", "+13105550101"),
        ("+1310555010112345", "'+1310555010112345"),
        ("+03105550101", "'+03105550101"),
        ("+1310555", "+1310555"),
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        ("'=1", "''=1"),
        ('"=1"', '\'"=1"'),
        ("\ufeff=1", "'\ufeff=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1;b", "a;'=1;b"),
        ("a\n=1", "a\n'=1"),
        ("a\0b", "ab"),
        ("\0=1", "'=1"),
        ("a=b-c@d+e", "a=b-c@d+e"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
    ],
)
def test_what_a_spreadsheet_would_run_is_kept_from_it(text_: str, cell: str) -> None:
    assert safe_cell(text_) == cell


@pytest.mark.usefixtures("five")
def test_fields_are_the_columns(api: Api) -> None:
    answer = get(api, "/faxes?fields=status,reason,id&provider=faxplus&outcome=success", CSV)
    (row,) = rows(answer)
    assert list(row) == [
        "status",
        "reason.code",
        "reason.fault",
        "reason.retry",
        "reason.may_have_printed",
        "id",
    ]
    assert lines(get(api, "/faxes?fields=status&status=delivered", NDJSON)) == [
        {"status": "delivered"},
        {"status": "delivered"},
    ]


@pytest.mark.usefixtures("five")
def test_events_fit_into_ndjson_alone(api: Api) -> None:
    for fax in lines(get(api, "/faxes?include=history&fields=id", NDJSON)):
        assert fax["history"] == api.get(f"/faxes/{fax['id']}/history").json["data"] != []
    answer = get(api, "/faxes?include=history", CSV)
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "include")


def test_an_export_of_nothing_is_empty(api: Api) -> None:
    assert get(api, "/faxes", CSV).text.startswith("id,provider,")
    assert len(get(api, "/faxes", CSV).text.splitlines()) == 1
    assert get(api, "/faxes", NDJSON).data == b""


@pytest.mark.parametrize("accept", [CSV, NDJSON])
@pytest.mark.parametrize("parameter", ["limit=10", "cursor=x"])
def test_an_export_has_no_pages(api: Api, accept: str, parameter: str) -> None:
    answer = get(api, f"/faxes?{parameter}", accept)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["parameter"] == parameter.partition("=")[0]


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/*", "application/json"),
        ("text/*", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("text/csv;q=0.5, application/x-ndjson", NDJSON),
        ("application/json;q=0.4, text/csv;q=0.5, application/x-ndjson;q=0.1", CSV),
        ("text/csv, */*", CSV),
        ("text/csv, application/json", "application/json"),
        ("application/json;q=0, text/csv;q=0, */*", NDJSON),
    ],
)
def test_the_form_is_the_one_the_client_likes_best(
    api: Api, accept: str | None, answered: str
) -> None:
    answer = get(api, "/faxes", accept)
    assert (answer.status_code, answer.mimetype) == (200, answered)
    assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0", "nonsense"])
def test_a_form_there_is_not_is_406_and_says_which_there_are(api: Api, accept: str) -> None:
    answer = get(api, "/faxes", accept)
    assert (answer.status_code, answer.mimetype) == (406, "application/problem+json")
    for there_is in ("application/json", CSV, NDJSON):
        assert there_is in answer.json["detail"]
