"""Faxes are ordered over the API: named faults, one fax for one key, and where they went."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import EnvironBuilder, run_wsgi_app

from faxhooks.db.sendmodels import DocumentRow
from faxhooks.db.sends import get_send
from faxhooks.services.keys import create_key
from tests.asked import World, world
from tests.fakes import FROM, TO
from tests.ordered import FAX, dispatch, state, taken

BASIC = {"to": TO, "from": FROM}
URL = "https://example.com/a.pdf"


class Client:
    """Sends with a key of every scope that sending takes."""

    def __init__(self, world: World) -> None:
        self.world = world
        _, key = world.parts.database.write(lambda s: create_key(s, "all", ["read", "send"]))
        self.headers = {"Authorization": f"Bearer {key}"}

    def post(self, path: str, said: Any = None, **headers: str) -> Any:
        """JSON."""
        client = self.world.service.app.test_client()
        more = {**self.headers, **headers}
        if said is None:
            return client.post(f"/api/v1{path}", headers=more)
        return client.post(f"/api/v1{path}", json=said, headers=more)

    def form(self, fields: Mapping[str, Any], *files: bytes, **headers: str) -> Any:
        """A form with files."""
        client = self.world.service.app.test_client()
        parts = [(BytesIO(each), f"{n}.bin") for n, each in enumerate(files)]
        return client.post(
            "/api/v1/faxes", data={**fields, "file": parts}, headers={**self.headers, **headers}
        )

    def fax(self, fax_id: str) -> dict[str, Any]:
        client = self.world.service.app.test_client()
        found: dict[str, Any] = client.get(f"/api/v1/faxes/{fax_id}", headers=self.headers).json
        return found


@pytest.fixture
def there(database_url: str) -> Iterator[World]:
    with world(database_url) as made:
        yield made


@pytest.fixture
def client(there: World) -> Client:
    return Client(there)


def pointers(answer: Any) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {each["pointer"] for each in answer.json["errors"]}


def details(answer: Any) -> dict[str, str]:
    """What is said of each field, once."""
    assert len(answer.json["errors"]) == len(pointers(answer))
    return {each["pointer"]: each["detail"] for each in answer.json["errors"]}


@pytest.mark.parametrize("name", ["signalwire", "faxplus"])
def test_a_file_is_ordered_sent_and_arrives(there: World, client: Client, name: str) -> None:
    answer = client.form({**BASIC, "account": f"asked-{name}", "tags": '{"case": "4711"}'}, FAX)
    assert answer.status_code == 202, answer.text
    fax = answer.json
    assert (fax["status"], fax["tags"]) == ("queued", {"case": "4711"})
    assert answer.headers["Location"].endswith(f"/api/v1/faxes/{fax['id']}")
    dispatch(there)
    there.put_on(hours=1)
    there.settle()
    there.sweep()
    assert client.fax(fax["id"])["status"] == "delivered"
    assert len(taken(there, name)) == 1


def test_what_is_elsewhere_is_fetched_from_there(there: World, client: Client) -> None:
    answer = client.post("/faxes", {**BASIC, "account": "asked-signalwire", "media_url": URL})
    dispatch(there)
    fake: Any = there.fakes["signalwire"]
    (sent,) = fake.faxes.values()
    assert sent.fields["MediaUrl"] == URL
    assert sent.fields["StatusCallback"] == there.accounts["signalwire"].hook_url
    assert state(there, answer.json["id"]) == "sent"


def test_several_recipients_are_a_fax_each_with_a_batch_in_common(
    there: World, client: Client
) -> None:
    to = ["+1 (310) 555-0101", "+13105550102", "+13105550103"]
    answer = client.form({**BASIC, "to": to, "account": "asked-faxplus"}, FAX, b"%PDF-1.7 b")
    assert answer.status_code == 202
    assert [each["to"] for each in answer.json["data"]] == [
        "+13105550101",
        "+13105550102",
        "+13105550103",
    ]
    assert {each["tags"]["batch"] for each in answer.json["data"]} == {answer.json["batch"]}
    where = answer.headers["Location"].removeprefix("https://hooks.example.com/api/v1")
    listed = there.service.api.faxes(where.removeprefix("/faxes"))
    assert {each["id"] for each in listed} == {each["id"] for each in answer.json["data"]}
    dispatch(there)
    assert len(taken(there, "faxplus")) == 3


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({}, {"/to", "/documents"}),
        ({**BASIC, "media_url": URL, "quality": "best", "ttl": 1}, {"/quality", "/ttl"}),
        ({"to": TO, "media_url": URL}, {"/from"}),
        ({**BASIC, "media_url": URL, "retries": 2}, {"/retries"}),
        ({**BASIC, "media_url": "gopher://x"}, {"/documents/0"}),
        ({**BASIC, "media_url": "https://x/a.png"}, {"/documents/0"}),
        ({**BASIC, "media_url": URL, "cover_page": {}}, {"/cover_page"}),
        ({**BASIC, "to": [TO, "12", TO], "media_url": URL}, {"/to/1", "/to/2"}),
        ({**BASIC, "media_url": URL, "tags": {"batch": "x"}}, {"/tags/batch"}),
        ({**BASIC, "media_url": URL, "tags": {"a": None}}, {"/tags"}),
        ({**BASIC, "media_url": URL, "colour": 1}, {"/colour"}),
        ({**BASIC, "to": 5, "media_url": URL}, {"/to"}),
        ({**BASIC, "media_url": URL, "ttl": "5"}, {"/ttl"}),
        ({**BASIC, "media_url": URL, "account": "nobody"}, {"/account"}),
        ({**BASIC, "media_url": URL, "account": "main"}, {"/account"}),
        ({**BASIC, "media_url": URL, "account": None}, {"/account"}),
    ],
)
def test_every_field_at_fault_is_named(
    there: World, client: Client, said: dict[str, Any], at: set[str]
) -> None:
    answer = client.post("/faxes", {"account": "asked-signalwire", **said})
    found = pointers(answer)
    assert found == at or (said == {} and found == {"/to"})
    assert there.service.api.faxes() == []


def test_a_fault_says_what_to_do_about_it(client: Client) -> None:
    wrong = {"account": "asked-signalwire", "to": "12", "from": FROM}
    assert details(client.post("/faxes", {**wrong, "retries": 1, "retry_delay": 1})) == {
        "/to": "not a number that this provider can fax; write it like +13105550101",
        "/documents": "at least one is needed: a file, or an address as `media_url`",
        "/retries": "this provider has no such choice; leave it out",
        "/retry_delay": "this provider has no such choice; leave it out",
    }
    many = client.form({**BASIC, "account": "asked-faxplus", "retries": "4"}, FAX)
    assert details(many) == {"/retries": "must be from 0 to 3"}


def test_without_a_name_the_only_account_that_can_send_does(there: World, client: Client) -> None:
    assert pointers(client.form(BASIC, FAX)) == {"/account"}
    accounts = there.parts.accounts
    there.parts.database.write(lambda s: accounts.set_disabled(s, "asked-faxplus", True))
    answer = client.form(BASIC, FAX)
    assert answer.json["account"]["label"] == "asked-signalwire"


def test_what_a_file_is_is_told_by_what_is_in_it(client: Client) -> None:
    named = {**BASIC, "account": "asked-signalwire"}
    kinds = {
        b"\x89PNG\r\n": "image/png",
        b"just text": "text/plain",
        b"\xff\xd8\xff": "image/jpeg",
        b"\0\1": "application/octet-stream",
    }
    for content, kind in kinds.items():
        said = f"is {kind}; this provider takes application/pdf only, so convert it first"
        assert details(client.form(named, content)) == {"/documents/0": said}
    empty = client.form({**BASIC, "account": "asked-faxplus"}, b"")
    assert details(empty) == {"/documents/0": "is empty"}


def test_a_body_that_is_too_large_or_of_another_type_is_refused(
    there: World, client: Client
) -> None:
    web = there.service.app.test_client()
    form = {**client.headers, "Content-Type": "multipart/form-data; boundary=x"}
    large = b"0" * (there.parts.sending.most_bytes + 1)
    assert web.post("/api/v1/faxes", data=large, headers=form).status_code == 413
    field = client.form({**BASIC, "account": "asked-faxplus", "comment": "x" * 300_000}, FAX)
    assert field.status_code == 413
    chunked = EnvironBuilder("/api/v1/faxes", method="POST", data=b"--x--", headers=form)
    environ = chunked.get_environ()
    del environ["CONTENT_LENGTH"]
    assert run_wsgi_app(there.service.app, environ)[1].startswith("411")
    answer = web.post("/api/v1/faxes", data=b"<to/>", headers=client.headers)
    assert answer.status_code == 415


@pytest.mark.parametrize("rest", [bytes(range(256)) * 8000, b"\r\n" * 200_000])
def test_a_large_file_is_taken_whole(there: World, client: Client, rest: bytes) -> None:
    """Wherever the pieces end in which it is read."""
    content = b"%PDF-" + rest
    fields = {**BASIC, "account": "asked-faxplus"}
    lines = [
        f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{fields[n]}\r\n' for n in fields
    ]
    file = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    body = "".join(lines).encode() + file.encode() + content + b"\r\n--x--\r\n"
    form = {**client.headers, "Content-Type": "multipart/form-data; boundary=x"}
    web = there.service.app.test_client()
    assert web.post("/api/v1/faxes", data=body, headers=form).status_code == 202
    kept = there.parts.database.read(lambda s: s.scalars(select(DocumentRow.content)).one())
    assert kept == content


def test_a_key_that_may_not_send_does_not(there: World, client: Client) -> None:
    _, reads = there.parts.database.write(lambda s: create_key(s, "reads", ["read"]))
    client.headers = {"Authorization": f"Bearer {reads}"}
    assert client.form(BASIC, FAX).status_code == 403


def test_a_key_of_an_account_sends_with_that_alone(there: World, client: Client) -> None:
    account = there.accounts["faxplus"].id
    _, key = there.parts.database.write(
        lambda s: create_key(s, "plus", ["send"], account_id=account)
    )
    client.headers = {"Authorization": f"Bearer {key}"}
    assert pointers(client.form({**BASIC, "account": "asked-signalwire"}, FAX)) == {"/account"}
    assert client.form(BASIC, FAX).json["account"]["label"] == "asked-faxplus"


def test_a_repeat_has_the_first_answer_and_no_effect(there: World, client: Client) -> None:
    said = {**BASIC, "account": "asked-signalwire", "media_url": URL}
    key = {"Idempotency-Key": "order-1"}
    first = client.post("/faxes", said, **key)
    dispatch(there)
    again = client.post("/faxes", said, **key)
    assert (again.status_code, again.json) == (202, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    other = client.post("/faxes", {**said, "to": "+13105550109"}, **key)
    assert pointers(other) == {""}
    assert len(there.service.api.faxes()) == 1


def test_a_request_that_was_refused_may_be_mended_under_its_key(client: Client) -> None:
    key = {"Idempotency-Key": "order-2"}
    said = {**BASIC, "account": "asked-signalwire"}
    assert client.post("/faxes", said, **key).status_code == 422
    assert client.post("/faxes", {**said, "media_url": URL}, **key).status_code == 202
    assert client.post("/faxes", said, **{"Idempotency-Key": "a b"}).status_code == 400


def test_fifty_repeats_at_once_are_one_fax(there: World, client: Client) -> None:
    said = {**BASIC, "account": "asked-faxplus"}
    with ThreadPoolExecutor(50) as pool:
        answers = list(
            pool.map(lambda _: client.form(said, FAX, **{"Idempotency-Key": "k"}), range(50))
        )
    codes = {answer.status_code for answer in answers}
    assert codes <= {202, 409}
    assert len({answer.json["id"] for answer in answers if answer.status_code == 202}) == 1
    assert len(there.service.api.faxes()) == 1
    dispatch(there)
    assert len(taken(there, "faxplus")) == 1


def test_what_the_audit_says_of_it(there: World, client: Client) -> None:
    fax = client.form({**BASIC, "account": "asked-faxplus"}, FAX).json
    _, admin = there.parts.database.write(lambda s: create_key(s, "admin", ["admin"]))
    client.headers = {"Authorization": f"Bearer {admin}"}
    web = there.service.app.test_client()
    rows = web.get("/api/v1/audit?action=fax.ordered", headers=client.headers).json["data"]
    assert [row["subject"] for row in rows] == [f"fax:{fax['id']}"]
    assert TO not in json.dumps(rows)


def test_a_fax_may_be_ordered_for_later_where_the_provider_can(
    there: World, client: Client
) -> None:
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    said = {**BASIC, "account": "asked-faxplus", "schedule_at": at, "retries": "2"}
    fax = client.form(said, FAX).json
    dispatch(there)
    assert state(there, fax["id"]) == "sent"
    assert pointers(client.form({**said, "account": "asked-signalwire"}, FAX)) == {
        "/schedule_at",
        "/retries",
    }


@pytest.mark.parametrize("written", ["2036-01-13T21:54:46-08:00", "2036-01-14T05:54:46Z"])
def test_when_it_is_to_be_sent_is_said_with_its_offset(
    there: World, client: Client, written: str
) -> None:
    said = {**BASIC, "account": "asked-faxplus", "schedule_at": written}
    fax = client.form(said, FAX).json
    content = there.parts.database.read(lambda s: get_send(s, UUID(fax["id"])).content)
    assert content["schedule_at"] == "2036-01-14T05:54:46+00:00"
    for local in ("2036-01-13T21:54:46", "2036-01-13"):
        assert pointers(client.form({**said, "schedule_at": local}, FAX)) == {"/schedule_at"}
