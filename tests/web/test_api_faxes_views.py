"""What is shown of faxes: chosen fields, their events, and a version to ask again by."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from faxhooks.db.faxlists import FaxFilter, list_page
from faxhooks.db.history import list_entries
from faxhooks.services.keys import create_key
from faxhooks.services.presenting import EntrySchema, FaxSchema
from faxhooks.services.shapes import entry_json, fax_json
from tests.story import Api, Hook, Service

SORTS = ("created_at", "-created_at", "updated_at", "-updated_at")


@pytest.fixture
def three(hook: Hook) -> None:
    hook.signalwire(FaxSid="s1", FaxStatus="queued", To="+13105550101")
    hook.signalwire(FaxSid="s2", FaxStatus="failed", ErrorCode="34004", NumPages="3")
    hook.faxplus("p1", "success", to="+13105550101", cost="2", pages="2")
    hook.signalwire(FaxSid="s1", FaxStatus="delivered", RemoteStationId="CLINIC")


def get(api: Api, path: str, **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {api.key}"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return api.transport.send("GET", f"/api/v1{path}", sent, b"")


@contextmanager
def counted(service: Service) -> Iterator[list[str]]:
    """The statements that read faxes or events while the block runs."""
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "fax" in statement:
            asked.append(statement)

    engine = service.parts.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.usefixtures("three")
def test_the_shape_that_is_written_out_is_the_one_that_is_documented(service: Service) -> None:
    def ask(session: Any) -> Any:
        faxes, _ = list_page(session, FaxFilter(), limit=10)
        histories = list_entries(session, [fax.row.id for fax in faxes])
        return faxes, [entry for entries in histories.values() for entry in entries]

    faxes, entries = service.parts.database.read(ask)
    assert (len(faxes), len(entries)) == (3, 4)
    for made, schema, values in [
        (fax_json, FaxSchema(), faxes),
        (entry_json, EntrySchema(), entries),
    ]:
        for value in values:
            documented = schema.dump(value)
            assert made(value) == documented
            assert list(made(value)) == list(documented)
            assert json.dumps(made(value)) == json.dumps(documented)


@pytest.mark.usefixtures("three")
def test_fields_are_shown_in_the_order_they_are_asked_for(api: Api) -> None:
    (fax,) = api.faxes("?provider=faxplus&fields=to,status,id,to")
    assert list(fax) == ["to", "status", "id"]
    assert (fax["to"], fax["status"]) == ("+13105550101", "delivered")
    whole = api.fax("p1")
    assert api.get(f"/faxes/{whole['id']}?fields=cost").json == {"cost": whole["cost"]}


@pytest.mark.parametrize("path", ["/faxes", "/faxes/01890000-0000-7000-8000-000000000000"])
def test_a_field_there_is_not_is_named_with_those_there_are(api: Api, path: str) -> None:
    answer = api.get(f"{path}?fields=id,colour,%3Cb%3E")
    (fault,) = answer.json["errors"]
    assert (answer.status_code, fault["parameter"]) == (400, "fields")
    assert "No such field: colour." in fault["detail"]
    assert "provider_fax_id, references" in fault["detail"]
    assert "<b>" not in answer.text


@pytest.mark.usefixtures("three")
def test_events_come_with_the_faxes_in_one_question_more(service: Service, api: Api) -> None:
    with counted(service) as plain:
        api.faxes()
    with counted(service) as more:
        found = api.faxes("?include=history")
    assert len(more) == len(plain) + 1
    for fax in found:
        history = fax.pop("history")
        assert history == api.history(fax["provider_fax_id"])
        assert fax == api.fax(fax["provider_fax_id"])
        shown = api.get(f"/faxes/{fax['id']}?include=history&fields=id").json
        assert shown == {"id": fax["id"], "history": history}


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("sort", SORTS)
def test_a_list_is_in_the_order_that_was_asked_for(api: Api, sort: str) -> None:
    key = sort.removeprefix("-")
    found = [fax[key] for fax in api.faxes(f"?sort={sort}")]
    assert found == sorted(found, reverse=sort.startswith("-"))
    last = "s1" if sort == "updated_at" else "p1" if sort == "created_at" else "s2"
    if not sort.startswith("-"):
        assert api.faxes(f"?sort={sort}")[-1]["provider_fax_id"] == last


def test_one_fax_has_a_version_that_changes_with_it(hook: Hook, api: Api) -> None:
    hook.signalwire(FaxSid="f1", FaxStatus="sending")
    path = f"/faxes/{api.fax('f1')['id']}"
    version = get(api, path).headers["ETag"]
    for given in (version, f"W/{version}", f'"x", {version}', "*"):
        answer = get(api, path, If_None_Match=given)
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", version)
    assert get(api, path, If_None_Match='"x"').status_code == 200
    hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    answer = get(api, path, If_None_Match=version)
    assert (answer.status_code, answer.json["status"]) == (200, "delivered")
    assert answer.headers["ETag"] != version


def test_the_version_of_a_fax_is_the_same_however_much_of_it_is_shown(hook: Hook, api: Api) -> None:
    hook.signalwire(FaxSid="f1", FaxStatus="sending")
    path = f"/faxes/{api.fax('f1')['id']}"
    versions = {get(api, path + query).headers["ETag"] for query in ("", "?fields=id")}
    assert len(versions) == 1


def test_a_list_has_a_version_of_what_it_shows(hook: Hook, api: Api) -> None:
    for fax in ("f1", "f2", "f3"):
        hook.signalwire(FaxSid=fax, FaxStatus="sending")
    path = "/faxes?limit=1&provider_fax_id=f1,f2"
    first = get(api, path)
    version = first.headers["ETag"]
    hook.signalwire(FaxSid="f3", FaxStatus="delivered")
    assert get(api, path, If_None_Match=version).status_code == 304
    following = first.json["next_cursor"]
    assert get(api, f"{path}&cursor={following}").json["data"][0]["provider_fax_id"] == "f1"
    hook.signalwire(FaxSid="f2", FaxStatus="delivered")
    assert get(api, path, If_None_Match=version).status_code == 200


def test_a_history_has_a_version_too(hook: Hook, api: Api) -> None:
    hook.signalwire(FaxSid="f1", FaxStatus="sending")
    path = f"/faxes/{api.fax('f1')['id']}/history"
    version = get(api, path).headers["ETag"]
    assert get(api, path, If_None_Match=version).status_code == 304
    hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    assert get(api, path, If_None_Match=version).status_code == 200


@pytest.mark.usefixtures("three")
def test_a_cursor_belongs_to_its_order_its_filters_and_its_reader(
    service: Service, api: Api
) -> None:
    cursor = api.get("/faxes?limit=1&account=main").json["next_cursor"]
    account = service.hook.signalwire_account.id
    _, key = service.parts.database.write(
        lambda session: create_key(session, "other", ["read"], account_id=account)
    )
    other = Api(api.transport, key)
    assert api.get(f"/faxes?limit=2&account=main&fields=id&cursor={cursor}").status_code == 200
    for asked, reader in [
        (f"/faxes?account=main&sort=created_at&cursor={cursor}", api),
        (f"/faxes?account=main&tag.a=b&cursor={cursor}", api),
        (f"/faxes?account=main,plus&cursor={cursor}", api),
        (f"/faxes?cursor={cursor}", api),
        (f"/faxes?account=main&cursor={cursor}", other),
        (f"/faxes?account=main&cursor={cursor[:-1]}", api),
        (f"/faxes?account=main&cursor={cursor[1:]}", api),
        ("/faxes?account=main&cursor=", api),
        (f"/faxes?account=main&cursor={'x' * 5000}", api),
    ]:
        answer = reader.get(asked)
        assert answer.status_code == 400, asked
        assert [fault["parameter"] for fault in answer.json["errors"]] == ["cursor"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("path", ["/faxes/{}", "/faxes/{}/history"])
def test_no_parameter_is_passed_over_in_silence(api: Api, path: str) -> None:
    fax_id = api.fax("s1")["id"]
    answer = api.get(f"{path.format(fax_id)}?limit=1")
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "limit")
