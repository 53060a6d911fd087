"""The raw inbox: who may see what of it, and what reading it again comes to."""

import base64
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest

from faxhooks.db.audit import AuditFilter, list_audit
from faxhooks.db.callbacklists import CallbackFilter, list_ids
from faxhooks.db.models import AuditRow
from faxhooks.services import replaying
from faxhooks.services.keys import create_key
from tests.cli.left import leave_unread
from tests.story import PUBLIC_URL, Api, Service

CONTENT = {"query", "headers", "body", "body_text"}
ABSENT = "01890000-0000-7000-8000-000000000000"


def with_key(service: Service, *scopes: str, **options: Any) -> Api:
    _, key = service.parts.database.write(
        lambda session: create_key(session, "ops", scopes, **options)
    )
    return Api(service.api.transport, key)


@pytest.fixture
def admin(service: Service) -> Api:
    return with_key(service, "read", "admin")


@pytest.fixture
def four(service: Service) -> None:
    """Two callbacks of one fax, one that repeated itself, and one that nobody understood."""
    service.hook.signalwire(FaxSid="s1", FaxStatus="sending", To="+13105550101")
    service.hook.signalwire(FaxSid="s1", FaxStatus="delivered", To="+13105550101")
    for _ in range(2):
        service.hook.faxplus("p1", "success", to="+13105550102")
    service.hook.faxplus("p2", "teleported")


def post(api: Api, path: str, body: Any = None, content_type: str = "application/json") -> Any:
    headers = {"Authorization": f"Bearer {api.key}", "Content-Type": content_type}
    raw = (
        body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    )
    return api.transport.send("POST", f"/api/v1{path}", headers, raw)


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"/callbacks{query}")
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json["data"]
    return data


def names(service: Service, rows: Sequence[dict[str, Any]]) -> str:
    """Callbacks by the fax and status word they hold, as they were listed."""
    raw = with_key(service, "read", "raw")
    found = []
    for row in rows:
        text = raw.get(f"/callbacks/{row['id']}").json["body_text"]
        words = ("sending", "delivered", "success", "teleported")
        found.append(next(word for word in words if word in text))
    return " ".join(found)


def audited(service: Service, action: str) -> Sequence[AuditRow]:
    return service.parts.database.read(
        lambda session: list_audit(session, AuditFilter(actions=[action]))
    )


@pytest.mark.usefixtures("four")
def test_the_inbox_is_listed_newest_first_without_content(service: Service, api: Api) -> None:
    rows = listed(api)
    assert names(service, rows) == "teleported success delivered sending"
    assert [row["seen"] for row in rows] == [1, 2, 1, 1]
    assert not any(CONTENT & row.keys() for row in rows)
    unread, main = rows[0], rows[3]
    assert (unread["verdict"], unread["reason"]) == ("unrecognized", "unknown status: teleported")
    assert main["account"] == {"id": str(service.hook.signalwire_account.id), "label": "main"}
    assert (main["provider"], main["evidence"]) == ("signalwire", "signed")
    assert main["path"] == "/hooks/signalwire/{token}"
    assert main["received_at"].endswith("Z")
    assert "+1310555" not in api.get("/callbacks").text


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?verdict=unrecognized", "teleported"),
        ("?verdict=applied", "success delivered sending"),
        ("?verdict=applied,unrecognized&account=plus", "teleported success"),
        ("?account=main", "delivered sending"),
        ("?account=main,plus", "teleported success delivered sending"),
        ("?account=nobody", ""),
        ("?provider=signalwire", "delivered sending"),
        ("?provider=signalwire&account=plus", ""),
        ("?evidence=signed", "delivered sending"),
        ("?evidence=unsigned", "teleported success"),
        ("?reason=unknown%20status:%20teleported", "teleported"),
        ("?reason=unknown*", "teleported"),
        ("?reason=UNKNOWN*", ""),
        ("?reason=*", "teleported"),
        ("?reason=internal*,unknown*", "teleported"),
        ("?reason=un%25*", ""),
        ("?received_after=2000-01-01T00:00:00Z", "teleported success delivered sending"),
        ("?received_before=2000-01-01T00:00:00Z", ""),
        (f"?fax={ABSENT}", ""),
    ],
)
def test_filters_narrow_the_inbox(service: Service, api: Api, query: str, expected: str) -> None:
    assert names(service, listed(api, query)) == expected


@pytest.mark.usefixtures("four")
def test_the_callbacks_of_a_fax_are_found_by_its_id(service: Service, api: Api) -> None:
    first, second = api.fax("s1")["id"], api.fax("p1")["id"]
    assert names(service, listed(api, f"?fax={first}")) == "delivered sending"
    assert names(service, listed(api, f"?fax={first},{second}")) == "success delivered sending"
    assert names(service, listed(api, f"?fax={first}&account=plus")) == ""


def test_those_of_a_fax_that_turned_out_to_be_another_are_found_under_both_ids(
    service: Service, api: Api
) -> None:
    service.hook.faxplus("f1", "in_progress")
    service.hook.faxplus("a1", "in_progress")
    old = [api.fax(name)["id"] for name in ("f1", "a1")]
    service.hook.faxplus("f1", "success", attempt="a1")
    for fax_id in old:
        assert len(listed(api, f"?fax={fax_id}")) == 3


@pytest.mark.usefixtures("four")
def test_a_time_bound_includes_after_and_excludes_before(api: Api) -> None:
    rows = listed(api)
    moment = quote(rows[1]["received_at"])
    assert listed(api, f"?received_after={moment}") == rows[:2]
    assert listed(api, f"?received_before={moment}") == rows[2:]


@pytest.mark.usefixtures("four")
def test_pages_follow_each_other(api: Api) -> None:
    found, path = [], "/callbacks?limit=3"
    while path:
        answer = api.get(path)
        found += [row["id"] for row in answer.json["data"]]
        assert answer.headers["Cache-Control"] == "no-store"
        link = answer.headers.get("Link", "")
        assert bool(link) == (answer.json["next_cursor"] is not None)
        path = link[1:].partition(">")[0].removeprefix(f"{PUBLIC_URL}/api/v1")
    assert found == [row["id"] for row in listed(api)]
    cursor = api.get("/callbacks?limit=3").json["next_cursor"]
    assert api.get(f"/callbacks?verdict=applied&cursor={cursor}").status_code == 400


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("verdict=lost", "verdict"),
        ("evidence=hearsay", "evidence"),
        ("provider=other", "provider"),
        ("fax=f1", "fax"),
        ("received_after=yesterday", "received_after"),
        ("reason=", "reason"),
        ("cursor=forged", "cursor"),
        ("limit=201", "limit"),
    ],
)
def test_a_bad_parameter_is_400_and_is_named(api: Api, query: str, parameter: str) -> None:
    answer = api.get(f"/callbacks?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert [fault["parameter"] for fault in answer.json["errors"]] == [parameter]


@pytest.mark.usefixtures("four")
def test_content_is_for_keys_with_the_scope_raw_alone(service: Service, api: Api) -> None:
    (row,) = listed(api, "?verdict=unrecognized")
    plain = api.get(f"/callbacks/{row['id']}")
    assert plain.json == row
    raw = with_key(service, "read", "raw").get(f"/callbacks/{row['id']}")
    assert {name: raw.json[name] for name in row} == row
    assert raw.json.keys() - row.keys() == CONTENT
    body = base64.b64decode(raw.json["body"])
    assert json.loads(body)["data"]["status"] == "teleported"
    assert raw.json["headers"]["content-type"] == "application/json"
    for answer in (plain, raw):
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("four")
def test_every_reading_of_content_is_audited_and_no_other(service: Service, api: Api) -> None:
    (row,) = listed(api, "?verdict=unrecognized")
    api.get(f"/callbacks/{row['id']}")
    made, key = service.parts.database.write(
        lambda session: create_key(session, "auditor", ("read", "raw"))
    )
    raw = Api(api.transport, key)
    assert raw.get(f"/callbacks/{ABSENT}").status_code == 404
    for _ in range(2):
        raw.get(f"/callbacks/{row['id']}")
    notes = audited(service, "callback.read")
    assert [(note.actor, note.subject) for note in notes] == [
        (f"key:{made.id} auditor", f"callback:{row['id']}")
    ] * 2


def test_a_text_to_look_at_holds_nothing_a_screen_obeys(service: Service, api: Api) -> None:
    body = 'é "ok"\t\x1b[2J\x00\r\n\u202e\u2028\u200bend'.encode() + b"\xff"
    service.hook.faxplus_raw(body)
    (row,) = listed(api)
    shown = with_key(service, "read", "raw").get(f"/callbacks/{row['id']}").json
    assert base64.b64decode(shown["body"]) == body
    gone = "\ufffd"
    assert shown["body_text"] == f'é "ok"\t{gone}[2J{gone}{gone}\n{gone * 3}end\\xff'


def test_a_callback_by_get_shows_its_query_only_as_content(service: Service, api: Api) -> None:
    service.hook.signalwire_get(FaxSid="s1", FaxStatus="sending", To="+13105550101")
    (row,) = listed(api)
    assert "5550101" not in json.dumps(row)
    shown = with_key(service, "read", "raw").get(f"/callbacks/{row['id']}").json
    assert "5550101" in shown["query"]


def test_one_that_was_learned_is_replayed_and_audited(service: Service, admin: Api) -> None:
    left = leave_unread(service, "f1", "success", release="0.9.0")
    dry = post(admin, f"/callbacks/{left}/replay", {"dry_run": True})
    assert (dry.status_code, dry.json["dry_run"]) == (200, True)
    assert service.api.faxes() == []
    real = post(admin, f"/callbacks/{left}/replay")
    fax = service.api.fax("f1")
    assert real.json["data"] == [
        {
            "callback_id": str(left),
            "before": "unrecognized",
            "verdict": "applied",
            "reason": None,
            "fax_ids": [fax["id"]],
        }
    ]
    counts = {"callbacks": 1, "read": 1, "unread": 0, "faxes_changed": 1}
    assert real.json["counts"] == dry.json["counts"] == counts
    (change,) = real.json["faxes"]
    assert (change["id"], change["status"]) == (fax["id"], {"before": None, "after": "delivered"})
    assert change["changes"]["provider_fax_id"] == {"before": None, "after": "f1"}
    assert real.headers["Cache-Control"] == "no-store"
    notes = audited(service, "callbacks.replayed")
    assert [(note.subject, note.detail["dry_run"]) for note in notes] == [
        (f"callback:{left}", False),
        (f"callback:{left}", True),
    ]
    assert notes[0].actor.startswith("key:")


def test_a_filter_is_replayed_page_after_page(service: Service, admin: Api) -> None:
    for number in range(3):
        leave_unread(service, f"f{number}", "success", release="0.9.0")
    service.hook.faxplus("g", "teleported")
    service.hook.signalwire(FaxSid="s1", FaxStatus="sending")
    asked: dict[str, Any] = {"verdict": "unrecognized", "account": ["plus"], "limit": 3}
    first = post(admin, "/callbacks/replay", asked).json
    assert first["counts"] == {"callbacks": 3, "read": 3, "unread": 0, "faxes_changed": 3}
    assert first["next_cursor"] is not None
    second = post(admin, "/callbacks/replay", {**asked, "cursor": first["next_cursor"]}).json
    assert second["counts"] == {"callbacks": 1, "read": 0, "unread": 1, "faxes_changed": 0}
    assert second["data"][0]["reason"] == "unknown status: teleported"
    assert second["next_cursor"] is None
    assert {fax["provider_fax_id"] for fax in service.api.faxes()} == {"f0", "f1", "f2", "s1"}
    notes = audited(service, "callbacks.replayed")
    assert notes[0].detail["wanted"] == {"verdict": "unrecognized", "account": ["plus"]}


def test_a_dry_run_of_a_filter_changes_nothing(service: Service, admin: Api) -> None:
    left = leave_unread(service, "f1", "success", release="0.9.0")
    told = post(admin, "/callbacks/replay", {"reason": "unknown*", "dry_run": True}).json
    assert told["dry_run"] is True
    assert [row["callback_id"] for row in told["data"]] == [str(left)]
    assert [fax["status"]["after"] for fax in told["faxes"]] == ["delivered"]
    assert listed(admin)[0]["verdict"] == "unrecognized"
    assert service.api.faxes() == []


def test_a_cursor_of_a_replay_belongs_to_its_filter(service: Service, admin: Api) -> None:
    for number in range(2):
        service.hook.faxplus(f"g{number}", "teleported")
    cursor = post(admin, "/callbacks/replay", {"limit": 1}).json["next_cursor"]
    answer = post(admin, "/callbacks/replay", {"cursor": cursor, "account": "plus"})
    assert answer.status_code == 400
    assert admin.get(f"/callbacks?cursor={cursor}").status_code == 400


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"verdict": "lost"}, "/verdict"),
        ({"verdict": 7}, "/verdict"),
        ({"verdict": []}, "/verdict"),
        ({"fax": ["f1"]}, "/fax"),
        ({"dry_run": "yes"}, "/dry_run"),
        ({"limit": replaying.MOST + 1}, "/limit"),
        ({"limit": 1.5}, "/limit"),
        ({"received_after": "yesterday"}, "/received_after"),
    ],
)
def test_a_bad_field_is_422_and_is_pointed_to(admin: Api, body: Any, pointer: str) -> None:
    answer = post(admin, "/callbacks/replay", body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]


@pytest.mark.parametrize("path", ["/callbacks/replay", f"/callbacks/{ABSENT}/replay"])
def test_a_body_that_is_no_json_is_refused_and_not_passed_over(admin: Api, path: str) -> None:
    form = "application/x-www-form-urlencoded"
    assert post(admin, path, {"dry_run": True}, form).status_code == 415
    for body in (b'{"dry_run": tru', b"[]", b"null", b'{"a": NaN}', b'{"a":' * 5000, b"\xff"):
        assert post(admin, path, body).status_code == 400
    assert post(admin, path, b" " * 70_000).status_code == 413
    assert post(admin, path, {"dry-run": True}).status_code == 422


def test_looking_and_replaying_need_their_own_scopes(service: Service, api: Api) -> None:
    service.hook.faxplus("f1", "success")
    (row,) = listed(api)
    paths = (f"/callbacks/{row['id']}/replay", "/callbacks/replay")
    assert [post(api, path).status_code for path in paths] == [403, 403]
    raw = with_key(service, "raw", "admin")
    assert raw.get("/callbacks").status_code == 403
    assert [post(raw, path).status_code for path in paths] == [200, 200]
    admin = with_key(service, "admin")
    assert post(admin, f"/callbacks/{ABSENT}/replay").status_code == 404


def test_the_inbox_of_another_account_is_as_absent_as_none(service: Service) -> None:
    left = leave_unread(service, "f1", "success", release="0.9.0")
    service.hook.faxplus("p1", "success")
    scopes = ("read", "raw", "admin")
    foreign = with_key(service, *scopes, account_id=service.hook.signalwire_account.id)
    fax = service.api.fax("p1")["id"]
    assert listed(foreign) == listed(foreign, f"?fax={fax}") == []
    assert listed(foreign, "?account=plus") == listed(foreign, "?provider=faxplus") == []
    assert foreign.get(f"/callbacks/{left}").status_code == 404
    assert post(foreign, f"/callbacks/{left}/replay").status_code == 404
    done = post(foreign, "/callbacks/replay", {"account": "plus"}).json
    assert (done["counts"]["callbacks"], done["data"]) == (0, [])
    ids, _ = service.parts.database.read(
        lambda session: list_ids(session, CallbackFilter(verdicts=["unrecognized"]), limit=9)
    )
    assert ids == [left]
    assert audited(service, "callback.read") == []
