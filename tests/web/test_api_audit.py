"""Who did or saw what can be read, by those who may see all of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from faxhooks.services.auditing import Action, note
from faxhooks.services.keys import create_key
from tests.story import Api, Service


@pytest.fixture
def auditor(service: Service) -> Api:
    """A key with every right but the reading of content."""
    _, key = service.parts.database.write(lambda s: create_key(s, "auditor", ["read", "admin"]))
    return Api(service.api.transport, key)


@pytest.fixture
def notes(service: Service, auditor: Api) -> None:
    assert auditor.key, "it was made before, so that its own row is older"
    for number in range(5):
        action = Action.KEY_REVOKED if number % 2 else Action.KEY_CREATED
        actor = ("cli:ann", "cli:anna", "key:1 ops")[number % 3]
        service.parts.database.write(
            lambda s, n=number, w=actor, a=action: note(s, w, a, f"key:{n}", label=f"k{n}")
        )


def rows(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"/audit?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["data"]
    return found


def subjects(api: Api, query: str) -> list[str]:
    return [row["subject"] for row in rows(api, query)]


@pytest.mark.usefixtures("notes")
def test_a_row_says_who_did_what_to_which_and_when(auditor: Api) -> None:
    row = rows(auditor)[0]
    assert len(row.pop("id")) == 36
    assert row.pop("at").endswith("Z")
    assert row == {
        "actor": "cli:anna",
        "action": "key.created",
        "subject": "key:4",
        "detail": {"label": "k4"},
    }


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("actor=cli:ann", "3 0"),
        ("actor=cli:ann*", "4 3 1 0"),
        ("actor=cli:ANN*", ""),
        ("action=key.revoked", "3 1"),
        ("action=key.revoked&actor=cli:anna", "1"),
        ("subject=key:2,key:4", "4 2"),
        ("action=account.added,key.revoked&actor=cli:*", "3 1"),
        ("subject=fax:*", ""),
    ],
)
def test_it_is_filtered_by_whom_what_and_which(auditor: Api, query: str, expected: str) -> None:
    about = [subject for subject in subjects(auditor, query) if len(subject) == len("key:1")]
    assert about == [f"key:{number}" for number in expected.split()]


@pytest.mark.usefixtures("notes")
def test_it_is_filtered_by_time(auditor: Api) -> None:
    third = rows(auditor)[2]["at"]
    assert subjects(auditor, f"from={third}") == ["key:4", "key:3", "key:2"]
    assert subjects(auditor, f"to={third}")[:2] == ["key:1", "key:0"]
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert subjects(auditor, f"from={later}") == []


@pytest.mark.usefixtures("notes")
def test_pages_show_every_row_once_and_the_cursor_is_of_this_list(auditor: Api) -> None:
    whole = subjects(auditor, "")
    answer, found = auditor.get("/audit?limit=2"), []
    while True:
        found += [row["subject"] for row in answer.json["data"]]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            break
        assert answer.headers["Link"].endswith('; rel="next"')
        answer = auditor.get(f"/audit?limit=2&cursor={cursor}")
    assert found == whole
    cursor = auditor.get("/audit?limit=2").json["next_cursor"]
    assert auditor.get(f"/audit?action=key.created&cursor={cursor}").status_code == 400


@pytest.mark.parametrize("query", ["action=gone", "from=yesterday", "limit=0", "who=ann"])
def test_what_cannot_be_asked_is_400(auditor: Api, query: str) -> None:
    assert auditor.get(f"/audit?{query}").status_code == 400


def test_it_needs_the_right_to_administer(service: Service, auditor: Api) -> None:
    assert service.api.get("/audit").status_code == 403
    answer = auditor.get("/audit")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_who_tagged_a_fax_is_written_down_without_what_they_noted(
    service: Service, auditor: Api
) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="busy")
    fax = service.api.fax("f1")["id"]
    headers = {"Authorization": f"Bearer {auditor.key}", "Content-Type": "application/json"}
    body = b'{"tags": {"patient": "Jane Roe", "case": "4711"}}'
    for _ in range(2):  # The second time nothing changes.
        answer = auditor.transport.send("PATCH", f"/api/v1/faxes/{fax}", headers, body)
        assert answer.status_code == 200
    (row,) = rows(auditor, "action=fax.tagged")
    assert (row["subject"], row["detail"]) == (f"fax:{fax}", {"tags": ["case", "patient"]})
    assert row["actor"].endswith(" auditor")
