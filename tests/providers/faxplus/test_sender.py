"""Sending through Fax.Plus: the bytes that leave, and what each answer means."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from faxhooks.domain.fax import FaxStatus
from faxhooks.providers.asking import ProviderError, renew_alone
from faxhooks.providers.faxplus import FAXPLUS
from faxhooks.providers.sending import CoverPage, Document, InvalidOrderError, Sender, Sent
from tests.providers.orders import CALLBACK, FILES, FROM, TO, asked, order, parts
from tests.providers.wire import Wire, answering, http, told

PAT = "alohi_pat_x"
UPLOADED = told({"path": "/storage/transient-1.pdf"})
TAKEN = told({"ids": {TO: "1a2b3c"}}, "201 Created")
PDF, TIFF = FILES["application/pdf"], FILES["image/tiff"]


def sender(wire: Wire, **options: str) -> Sender:
    given = {"base-url": f"{wire.origin}/v3", "token-url": f"{wire.origin}/token"}
    given |= {name.replace("_", "-"): value for name, value in options.items()}
    if "client_id" not in options:
        given["access-token"] = PAT
    config = {name: (value,) for name, value in given.items()}
    assert FAXPLUS.sender is not None
    made = FAXPLUS.sender(config, renew_alone(config))
    assert made is not None
    return made


def outbox(**fields: Any) -> tuple[Sent, dict[str, Any]]:
    """What goes into the outbox, once the one file is uploaded."""
    with answering(UPLOADED, TAKEN) as wire:
        sent = sender(wire).send(order(**fields))
    request = asked(wire)
    assert (request.method, request.path) == ("POST", "/v3/accounts/self/outbox")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == f"Bearer {PAT}"
    return sent, json.loads(request.body)


def failed(*answers: bytes, **fields: Any) -> tuple[ProviderError, Wire]:
    with answering(*answers) as wire, pytest.raises(ProviderError) as caught:
        sender(wire).send(order(**fields))
    return caught.value, wire


@pytest.mark.parametrize(
    ("document", "kind", "name"), [(PDF, "pdf", "order.pdf"), (TIFF, "tiff", "scan.tiff")]
)
def test_a_file_is_uploaded_as_the_reference_says(document: Document, kind: str, name: str) -> None:
    with answering(UPLOADED, TAKEN) as wire:
        sender(wire).send(order(document))
    request = asked(wire, 0)
    assert (request.method, request.path) == ("POST", "/v3/accounts/self/files")
    assert request.query == {"format": kind}
    assert request.headers["authorization"] == f"Bearer {PAT}"
    assert "x-fax-clientid" not in request.headers
    (part,) = parts(wire, 0)
    assert (part.name, part.filename, part.content_type) == ("fax_file", name, document.media_type)
    assert part.body == document.content


def test_a_plain_fax_goes_into_the_outbox_as_the_reference_says() -> None:
    _, body = outbox()
    assert body == {
        "from": FROM,
        "to": [TO],
        "files": ["/storage/transient-1.pdf"],
        "return_ids": True,
    }


def test_every_field_goes_into_the_outbox_as_the_reference_says() -> None:
    at = datetime(2036, 1, 13, 21, 54, 46, tzinfo=timezone(timedelta(hours=-5)))
    cover = CoverPage(
        name_to="Ann", name_from="Bob", subject="S", message="M", flags=frozenset({"urgent"})
    )
    _, body = outbox(comment="for Ann", retries=3, retry_delay=30, schedule_at=at, cover_page=cover)
    assert body == {
        "from": FROM,
        "to": [TO],
        "files": ["/storage/transient-1.pdf"],
        "return_ids": True,
        "comment": {"text": "for Ann"},
        "options": {"retry": {"count": 3, "delay": 30}},
        "send_time": "2036-01-14 02:54:46 +0000",
        "cover_page": {
            "name_to": "Ann",
            "name_from": "Bob",
            "subject": "S",
            "message": "M",
            "flags": ["urgent"],
        },
    }


def test_what_is_not_asked_for_is_not_sent_and_a_time_that_has_passed_means_now() -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    _, body = outbox(schedule_at=past, cover_page=CoverPage(), callback_url=CALLBACK)
    assert set(body) == {"from", "to", "files", "return_ids", "cover_page"}
    assert body["cover_page"] == {}


def test_files_keep_their_order() -> None:
    paths = [told({"path": f"/storage/{number}"}) for number in (2, 1)]
    with answering(*paths, TAKEN) as wire:
        sender(wire).send(order(TIFF, PDF))
    assert [parts(wire, number)[0].filename for number in (0, 1)] == ["scan.tiff", "order.pdf"]
    assert json.loads(asked(wire).body)["files"] == ["/storage/2", "/storage/1"]


@pytest.mark.parametrize("ids", [{TO: "1a2b3c"}, {"+1 310-445-6789": "1a2b3c"}, {TO: 123}])
def test_an_accepted_fax_is_queued_under_the_id_of_its_number(ids: dict[str, Any]) -> None:
    with answering(UPLOADED, told({"ids": ids}, "201 Created")) as wire:
        sent = sender(wire).send(order())
    assert [each.id for each in sent.references] == [str(next(iter(ids.values())))]
    assert sent.event.status is FaxStatus.QUEUED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (told({"error": "too_many_files", "description": "d"}, "400 Bad"), "request.other"),
        (told({"error": "too_many_destinations"}, "400 Bad"), "request.other"),
        (told({"error": "invalid_parameter"}, "400 Bad"), "request.other"),
        (http(b"", "413 Payload Too Large"), "document.size"),
        (told({"error": "forbidden"}, "403 Forbidden"), "account.not_allowed"),
        (http(b"", "429 Too Many Requests"), "account.limit"),
    ],
)
@pytest.mark.parametrize("after", [[], [UPLOADED]])
def test_what_is_refused_was_not_sent_and_has_its_reason(
    after: list[bytes], answer: bytes, reason: str
) -> None:
    error, wire = failed(*after, answer)
    assert (error.reason, error.maybe_done) == (reason, False)
    assert len(wire.requests) == len(after) + 1


NO_WORD = [b"", http(b"", "502 Bad Gateway"), http(b"<html>"), told({}), told({"path": 1})]


@pytest.mark.parametrize("answer", NO_WORD)
def test_without_a_word_about_the_upload_nothing_was_sent(answer: bytes) -> None:
    error, _ = failed(answer)
    assert (error.reason, error.maybe_done) == ("provider.internal", False)


@pytest.mark.parametrize(
    "answer", [*NO_WORD, told({"ids": {}}), told({"ids": {"a": "1", "b": "2"}}), told({"ids": 1})]
)
def test_without_a_word_about_the_outbox_nobody_knows(answer: bytes) -> None:
    error, wire = failed(UPLOADED, answer)
    assert (error.reason, error.maybe_done) == ("provider.internal", True)
    assert len(wire.requests) == 2


def test_a_token_that_cannot_be_renewed_leaves_nothing_sent() -> None:
    oauth = {"client_id": "APIK-1", "client_secret": "s", "refresh_token": "r"}
    for answers in ([b""], [http(b"", "502 Bad Gateway")], [told({"error": "no"}, "400 Bad")]):
        with answering(*answers) as wire, pytest.raises(ProviderError) as caught:
            sender(wire, **oauth).send(order())
        assert not caught.value.maybe_done
        assert asked(wire).path == "/token"
    renewed = told({"access_token": "t2", "refresh_token": "r2"})
    expired = http(b"", "401 Unauthorized")
    with answering(UPLOADED, expired, renewed, TAKEN) as wire:
        sender(wire, **oauth, oauth_token="t1").send(order())
    assert [asked(wire, n).path.split("/")[-1] for n in range(4)] == [
        *("files", "outbox", "token", "outbox"),
    ]
    assert wire.header("Authorization") == "Bearer t2"
    assert wire.header("x-fax-clientid") == "APIK-1"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"to": "sip:a@b"}, "to"),
        ({"to": "7778888"}, "to"),
        ({"sender": None}, "from"),
        ({"sender": "anybody"}, "from"),
        ({"quality": "fine"}, "quality"),
        ({"ttl": 60}, "ttl"),
        ({"retries": 4}, "retries"),
        ({"retries": 1, "retry_delay": 31}, "retry_delay"),
        ({"schedule_at": datetime(2036, 1, 1)}, "schedule_at"),  # noqa: DTZ001
        ({"cover_page": CoverPage(flags=frozenset({"secret"}))}, "cover_page/flags"),
        ({"documents": (FILES["image/jpeg"],)}, "documents/0"),
        ({"documents": (Document(name="a", media_type="application/pdf"),)}, "documents/0"),
        ({"documents": (PDF,) * 11}, "documents"),
    ],
)
def test_what_it_would_refuse_never_leaves(fields: dict[str, Any], name: str) -> None:
    with answering(UPLOADED) as wire, pytest.raises(InvalidOrderError) as caught:
        sender(wire).send(order(**fields))
    assert [fault.field for fault in caught.value.faults] == [name]
    assert wire.requests == []


def test_files_that_are_too_large_together_never_leave() -> None:
    half = Document(name="a.pdf", media_type="application/pdf", content=bytes(75_000_001))
    with answering(UPLOADED) as wire, pytest.raises(InvalidOrderError) as caught:
        sender(wire).send(order(half, half))
    assert [fault.reason for fault in caught.value.faults] == ["document.size"]
    assert wire.requests == []
