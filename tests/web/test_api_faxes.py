"""The query face: filters, pages, keys and errors."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from faxhooks.services.keys import create_key, revoke_key
from tests.story import PUBLIC_URL, Api, Hook, Service


@pytest.fixture
def five(hook: Hook) -> None:
    """Three faxes of one account, two of the other."""
    hook.signalwire(FaxSid="s1", FaxStatus="delivered", To="+13105550101", From="+12125550100")
    hook.signalwire(FaxSid="s2", FaxStatus="busy", To="+13105550102", From="+12125550100")
    hook.signalwire(FaxSid="s3", FaxStatus="sending", To="+14155550103", From="+12125550199")
    hook.faxplus("p1", "success", to="+13105550101", **{"from": "+12125550100"})
    hook.faxplus("p2", "failed_no_answer", to="+442079460000", **{"from": "+12125550100"})


def ids(api: Api, query: str) -> set[str]:
    return {fax["provider_fax_id"] for fax in api.faxes(query)}


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "s1 s2 s3 p1 p2"),
        ("?status=delivered", "s1 p1"),
        ("?status=busy,no-answer", "s2 p2"),
        ("?provider=faxplus", "p1 p2"),
        ("?account=main", "s1 s2 s3"),
        ("?account=main,plus", "s1 s2 s3 p1 p2"),
        ("?account=nobody", ""),
        ("?to=%2B13105550101", "s1 p1"),
        ("?to=%2B1310*", "s1 s2 p1"),
        ("?to=%2B1310*,%2B442079460000", "s1 s2 p1 p2"),
        ("?to=*", "s1 s2 s3 p1 p2"),
        ("?from=%2B12125550199", "s3"),
        ("?provider_fax_id=s1,p2", "s1 p2"),
        ("?status=delivered&provider=signalwire&to=%2B1310*", "s1"),
        ("?status=queued,sending", "s3"),
        ("?status=delivered,sending", "s1 s3 p1"),
        ("?outcome=success", "s1 p1"),
        ("?outcome=pending,unknown", "s3"),
        ("?outcome=failure,canceled", "s2 p2"),
        ("?reason=line.busy", "s2"),
        ("?reason=line.no_answer,tx.partial", "p2"),
        ("?direction=outbound", "s1 s2 s3 p1 p2"),
        ("?direction=inbound", ""),
        ("?provider=signalwire&account=plus", ""),
        ("?to=+13105550101", "s1 p1"),
        ("?to=%2B1%20(310)%20555-0101", "s1 p1"),
        ("?to=%F4%8F%BF%BF*", ""),
        ("?to=%ED%9F%BF*", ""),
        ("?to=13105550101", ""),
        ("?flag=conflict", ""),
        ("?tag.customer=4711", ""),
        ("?provider_fax_id=s*,p1", "s1 s2 s3 p1"),
        (
            "?updated_after=2000-01-01T00:00:00Z&updated_before=2999-01-01T00:00:00Z",
            "s1 s2 s3 p1 p2",
        ),
        ("?updated_before=2000-01-01T00:00:00Z", ""),
        ("?created_after=2000-01-01T00:00:00Z", "s1 s2 s3 p1 p2"),
        ("?created_before=2000-01-01T00:00:00Z", ""),
    ],
)
def test_filters_narrow_the_list(api: Api, query: str, expected: str) -> None:
    assert ids(api, query) == set(expected.split())


def test_a_contradiction_is_found_by_its_flag(hook: Hook, api: Api) -> None:
    hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    hook.signalwire(FaxSid="f1", FaxStatus="failed")
    hook.faxplus("a", "failed_user_busy")
    hook.faxplus("a", "failed_no_answer", attempt="b")
    assert ids(api, "?flag=conflict") == {"f1"}
    assert ids(api, "?flag=provisional") == {"a"}
    assert ids(api, "?flag=provisional,conflict") == {"a", "f1"}


@pytest.mark.usefixtures("five")
def test_an_account_is_found_by_its_id_too(service: Service, api: Api) -> None:
    assert ids(api, f"?account={service.hook.faxplus_account.id}") == {"p1", "p2"}


@pytest.mark.usefixtures("five")
def test_a_time_bound_includes_after_and_excludes_before(api: Api) -> None:
    moment = quote(api.fax("s2")["created_at"])
    assert "s2" in ids(api, f"?created_after={moment}")
    assert "s2" not in ids(api, f"?created_before={moment}")


@pytest.mark.usefixtures("five")
def test_pages_follow_each_other_without_a_gap_or_a_repetition(api: Api) -> None:
    found, path = [], "/faxes?limit=2"
    while path:
        answer = api.get(path)
        page = json.loads(answer.text)
        found += [fax["provider_fax_id"] for fax in page["data"]]
        assert (page["next_cursor"] is None) == ("Link" not in answer.headers)
        path = ""
        if page["next_cursor"]:
            link = answer.headers["Link"]
            assert link.endswith('>; rel="next"')
            assert link.startswith(f"<{PUBLIC_URL}/api/v1/faxes?")
            path = link[1:].partition(">")[0].removeprefix(f"{PUBLIC_URL}/api/v1")
    assert found == ["p2", "p1", "s3", "s2", "s1"]


@pytest.mark.usefixtures("five")
def test_a_cursor_belongs_to_its_filters(api: Api) -> None:
    cursor = json.loads(api.get("/faxes?limit=1").text)["next_cursor"]
    assert api.get(f"/faxes?limit=2&cursor={cursor}").status_code == 200
    assert api.get(f"/faxes?limit=1&status=busy&cursor={cursor}").status_code == 400
    assert api.get(f"/faxes?limit=1&cursor={cursor[:-2]}").status_code == 400


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("status=teleported", "status"),
        ("provider=other", "provider"),
        ("created_after=yesterday", "created_after"),
        ("cursor=forged", "cursor"),
        ("sort=status", "sort"),
        ("outcome=maybe", "outcome"),
        ("reason=bad.luck", "reason"),
        ("direction=up", "direction"),
        ("flag=red", "flag"),
        ("include=everything", "include"),
        ("fields=", "fields"),
        ("tag.=x", "tag."),
        ("tag.Customer=x", "tag.Customer"),
        ("tag.a=", "tag.a"),
        ("tag=x", "tag"),
        ("updated_before=2026-13-01T00:00:00Z", "updated_before"),
        ("created_after=0001-01-01T00:00:00%2B14:00", "created_after"),
        ("limit=1e2", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("to=" + "9" * 300, "to"),
        ("to=", "to"),
        ("to=%00", "to"),
        ("provider_fax_id=,", "provider_fax_id"),
        ("status=busy&status=failed", "status"),
    ],
)
def test_a_bad_parameter_is_400_and_is_named(api: Api, query: str, parameter: str) -> None:
    answer = api.get(f"/faxes?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    problem = answer.json
    assert [fault["parameter"] for fault in problem["errors"]] == [parameter]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert "forged" not in answer.text
    assert "teleported" not in answer.text


@pytest.mark.parametrize("path", ["/faxes", "/faxes/01890000-0000-7000-8000-000000000000"])
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer fhk_wrong", "Basic x", "Bearer é"])
def test_without_a_good_key_it_is_401(service: Service, path: str, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = service.api.transport.send("GET", f"/api/v1{path}", headers, b"")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def with_key(service: Service, *scopes: str, **options: Any) -> tuple[Any, Api]:
    row, key = service.parts.database.write(
        lambda session: create_key(session, "other", scopes, **options)
    )
    return row, Api(service.api.transport, key)


def test_a_revoked_key_ends_with_the_next_request(service: Service) -> None:
    row, api = with_key(service, "read")
    assert api.get("/faxes").status_code == 200
    service.parts.database.write(lambda session: revoke_key(session, row.id))
    assert api.get("/faxes").status_code == 401


def test_an_expired_key_is_no_key(service: Service) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    _, api = with_key(service, "read", expires_at=past)
    assert api.get("/faxes").status_code == 401


def test_a_key_without_the_scope_is_403(service: Service) -> None:
    _, api = with_key(service, "send")
    assert api.get("/faxes").status_code == 403


@pytest.mark.usefixtures("five")
def test_the_fax_of_another_account_is_as_absent_as_none(service: Service) -> None:
    foreign = service.api.fax("p1")["id"]
    _, api = with_key(service, "read", account_id=service.hook.signalwire_account.id)
    assert ids(api, "") == {"s1", "s2", "s3"}
    for path in (f"/faxes/{foreign}", f"/faxes/{foreign}/history"):
        absent = path.replace(foreign, "01890000-0000-7000-8000-000000000000")
        answers = [api.get(path), api.get(absent)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json["detail"] == answers[1].json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/faxes/not-an-id", 404),
        ("POST", "/faxes", 403),
        ("PUT", "/faxes", 405),
    ],
)
def test_every_error_is_a_problem_document(
    service: Service, method: str, path: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {service.api.key}"}
    answer = service.api.transport.send(method, f"/api/v1{path}", headers, b"")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert answer.json["detail"]
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_every_route_of_the_api_needs_a_scope(service: Service) -> None:
    rules = [rule for rule in service.app.url_map.iter_rules() if "/api/v1/" in rule.rule]
    open_to_all = {"/api/v1/openapi.json", "/api/v1/docs"}
    for rule in rules:
        if rule.rule not in open_to_all:
            view = service.app.view_functions[rule.endpoint]
            assert getattr(view, "_faxhooks_scope", None), rule.rule


def test_probes_answer_and_say_what_they_looked_at(service: Service) -> None:
    send = service.api.transport.send
    service.hook.faxplus("a", "teleported")
    assert send("GET", "/healthz", {}, b"").status_code == 200
    ready = send("GET", "/readyz", {}, b"")
    assert (ready.status_code, ready.json["checks"]["schema"]) == (200, "ok")
    assert ready.json["backlog"] == {"unrecognized": 1}
