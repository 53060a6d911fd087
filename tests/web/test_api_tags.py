"""Tags: set, removed, found by, and kept through everything that happens to a fax."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from faxhooks.services.keys import create_key
from faxhooks.services.tagging import retag
from tests.story import Api, Hook, Service

JSON = "application/json"


class Tagger:
    """Patches faxes with a key that may."""

    def __init__(self, service: Service, *scopes: str, **options: Any) -> None:
        self._transport = service.api.transport
        _, self._key = service.parts.database.write(
            lambda session: create_key(session, "tagger", scopes or ["send"], **options)
        )

    def raw(self, fax_id: str, body: bytes, content_type: str = JSON, **headers: str) -> Any:
        """The response to PATCH; header names are given with underscores."""
        sent = {"Authorization": f"Bearer {self._key}"}
        sent |= {"Content-Type": content_type} if content_type else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self._transport.send("PATCH", f"/api/v1/faxes/{fax_id}", sent, body)

    def tag(self, fax_id: str, tags: Any, **headers: str) -> Any:
        return self.raw(fax_id, json.dumps({"tags": tags}).encode(), **headers)


@pytest.fixture
def tagger(service: Service) -> Tagger:
    return Tagger(service)


@pytest.fixture
def fax(hook: Hook, api: Api) -> dict[str, Any]:
    hook.signalwire(FaxSid="f1", FaxStatus="sending")
    return api.fax("f1")


def test_null_removes_a_tag_and_the_others_stay(
    tagger: Tagger, api: Api, fax: dict[str, Any]
) -> None:
    assert tagger.tag(fax["id"], {"customer": "4711", "case": "x"}).status_code == 200
    answer = tagger.tag(fax["id"], {"case": None, "desk": "Öst, 2", "never": None})
    assert answer.json["tags"] == {"customer": "4711", "desk": "Öst, 2"}
    assert answer.json == api.fax("f1")


def test_tags_are_no_event(tagger: Tagger, api: Api, fax: dict[str, Any]) -> None:
    changed = tagger.tag(fax["id"], {"customer": "4711"}).json
    assert changed == {**fax, "tags": {"customer": "4711"}}
    assert len(api.history("f1")) == 1


def test_a_fax_is_found_by_its_tags(tagger: Tagger, api: Api, hook: Hook) -> None:
    for name in ("a", "b", "c"):
        hook.signalwire(FaxSid=name, FaxStatus="sending")
    tagger.tag(api.fax("a")["id"], {"desk": "1", "note": "yes, sir"})
    tagger.tag(api.fax("b")["id"], {"desk": "2", "note": "no"})
    tagger.tag(api.fax("c")["id"], {"desk": "1", "other.name_-1": "1"})

    def found(query: str) -> set[str]:
        return {fax["provider_fax_id"] for fax in api.faxes(f"?{query}")}

    assert found("tag.desk=1") == {"a", "c"}
    assert found("tag.desk=1,2") == {"a", "b", "c"}
    assert found("tag.desk=1&tag.note=yes%5C%2C%20sir") == {"a"}
    assert found("tag.other.name_-1=1") == {"c"}
    assert found("tag.desk=11") == found("tag.nothing=1") == set()
    tagger.tag(api.fax("a")["id"], {"desk": None})
    assert found("tag.desk=1") == {"c"}


def test_a_callback_leaves_tags_alone(
    tagger: Tagger, hook: Hook, api: Api, fax: dict[str, Any]
) -> None:
    tagger.tag(fax["id"], {"customer": "4711"})
    hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    assert (api.fax("f1")["tags"], api.fax("f1")["status"]) == ({"customer": "4711"}, "delivered")


def test_tags_survive_when_two_faxes_turn_out_to_be_one(
    tagger: Tagger, hook: Hook, api: Api
) -> None:
    hook.faxplus("x", "failed_user_busy", event_time="2026-09-09 10:00:00")
    hook.faxplus("y", "failed_no_answer", event_time="2026-09-09 10:05:00")
    older, younger = api.fax("x")["id"], api.fax("y")["id"]
    tagger.tag(older, {"desk": "1", "a": "older"})
    tagger.tag(younger, {"desk": "2", "b": "younger"})
    hook.faxplus("x", "success", attempt="y", event_time="2026-09-09 10:10:00")
    (fax,) = api.faxes("?tag.b=younger&tag.a=older")
    assert (fax["id"], fax["tags"]) == (older, {"a": "older", "b": "younger", "desk": "1"})
    assert api.faxes("?tag.desk=2") == []
    assert tagger.tag(younger, {"b": None}).json["tags"] == {"a": "older", "desk": "1"}


def test_a_change_is_refused_when_the_fax_has_changed_since(
    tagger: Tagger, hook: Hook, api: Api, fax: dict[str, Any]
) -> None:
    path = f"/faxes/{fax['id']}"
    read = api.get(path).headers["ETag"]
    hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    assert tagger.tag(fax["id"], {"a": "1"}, If_Match=read).status_code == 412
    assert api.fax("f1")["tags"] == {}
    newer = api.get(path).headers["ETag"]
    answer = tagger.tag(fax["id"], {"a": "1"}, If_Match=f'"other", {newer}')
    assert answer.status_code == 200
    assert answer.headers["ETag"] == api.get(path).headers["ETag"] != newer
    assert tagger.tag(fax["id"], {"a": "2"}, If_Match="*").status_code == 200
    weak = f"W/{api.get(path).headers['ETag']}"
    for given in (newer, weak, "", '""'):
        answer = tagger.tag(fax["id"], {"a": "3"}, If_Match=given)
        assert (answer.status_code, answer.mimetype) == (412, "application/problem+json"), given


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[]", ""),
        (b"null", ""),
        (b"", ""),
        (b"{}", "/tags"),
        (b'{"tags": null}', "/tags"),
        (b'{"tags": ["a"]}', "/tags"),
        (b'{"tags": {}, "status": "delivered"}', "/status"),
        (b'{"tags": {"Customer": "1"}}', "/tags/Customer"),
        (b'{"tags": {"a/b~c": "1"}}', "/tags/a~1b~0c"),
        (b'{"tags": {"": "1"}}', "/tags/"),
        (b'{"tags": {"a": 1}}', "/tags/a"),
        (b'{"tags": {"a": ""}}', "/tags/a"),
        (b'{"tags": {"a": {"b": "c"}}}', "/tags/a"),
        (b'{"tags": {"a": "one\\ntwo"}}', "/tags/a"),
        (b'{"tags": {"a": "' + b"x" * 257 + b'"}}', "/tags/a"),
        (b'{"tags": {"' + b"a" * 65 + b'": "x"}}', f"/tags/{'a' * 65}"),
    ],
)
def test_a_bad_body_is_422_and_points_at_the_fault(
    tagger: Tagger, fax: dict[str, Any], body: bytes, pointer: str
) -> None:
    answer = tagger.raw(fax["id"], body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]


@pytest.mark.parametrize(
    "body",
    [
        b'{"tags": ',
        b'{"tags": {"a": NaN}}',
        b'{"tags": {"a": "\\u0000"}}',
        b'{"tags": {"a": "\\ud800"}}',
        b'{"tags": {"a": "\xff"}}',
        b'{"tags": ' + b"[" * 30_000,
    ],
)
def test_a_body_that_is_no_json_is_400(tagger: Tagger, fax: dict[str, Any], body: bytes) -> None:
    answer = tagger.raw(fax["id"], body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_another_content_type_is_415(
    tagger: Tagger, fax: dict[str, Any], content_type: str
) -> None:
    answer = tagger.raw(fax["id"], b'{"tags": {"a": "1"}}', content_type)
    assert (answer.status_code, answer.mimetype) == (415, "application/problem+json")
    assert JSON in answer.json["detail"]


@pytest.mark.parametrize("content_type", ["application/merge-patch+json", f"{JSON}; charset=utf-8"])
def test_a_merge_patch_is_json_too(tagger: Tagger, fax: dict[str, Any], content_type: str) -> None:
    assert tagger.raw(fax["id"], b'{"tags": {"a": "1"}}', content_type).status_code == 200


def test_a_body_that_is_too_large_is_413(tagger: Tagger, fax: dict[str, Any]) -> None:
    assert tagger.raw(fax["id"], b'{"tags": {}}' + b" " * 70_000).status_code == 413


def test_a_fax_has_32_tags_at_most(tagger: Tagger, api: Api, fax: dict[str, Any]) -> None:
    most = {f"t{number}": "x" * 256 for number in range(32)}
    assert tagger.tag(fax["id"], most).status_code == 200
    answer = tagger.tag(fax["id"], {"more": "1"})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/tags")
    assert tagger.tag(fax["id"], {"more": "1", "t0": None}).status_code == 200
    assert len(api.fax("f1")["tags"]) == 32


def test_tags_take_the_scope_send_or_admin(service: Service, fax: dict[str, Any]) -> None:
    codes = {
        scope: Tagger(service, scope).tag(fax["id"], {"a": "1"}).status_code
        for scope in ("read", "raw", "send", "admin")
    }
    assert codes == {"read": 403, "raw": 403, "send": 200, "admin": 200}


def test_a_fax_of_another_account_cannot_be_tagged(
    service: Service, api: Api, fax: dict[str, Any]
) -> None:
    tagger = Tagger(service, "send", account_id=service.hook.faxplus_account.id)
    absent = "01890000-0000-7000-8000-000000000000"
    answers = [tagger.tag(fax_id, {"a": "1"}) for fax_id in (fax["id"], absent)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert api.fax("f1")["tags"] == {}


def test_tags_set_at_once_are_all_kept(service: Service, api: Api, fax: dict[str, Any]) -> None:
    database = service.parts.database

    def tag(number: int) -> None:
        changes = {f"t{number}": str(number)}
        database.write(
            lambda session: retag(session, UUID(fax["id"]), changes, actor="test", accounts=None),
            seconds=20,
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tag, range(32)))
    assert api.fax("f1")["tags"] == {f"t{number}": str(number) for number in range(32)}
    assert all(api.faxes(f"?tag.t{number}={number}") for number in range(32))
