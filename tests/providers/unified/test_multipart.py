"""VoipNow's multipart form: the bytes that leave, and what each answer means."""

import json
from typing import Any

import pytest

from faxhooks.domain.fax import FaxStatus
from faxhooks.domain.reasons import REASONS as ALL_REASONS
from faxhooks.providers.asking import ProviderError, RefusedError
from faxhooks.providers.sending import Document, InvalidOrderError
from faxhooks.providers.unified.words import REASONS, is_extension, is_recipient
from tests.documents import ROOT, Page, spans
from tests.providers.orders import FILES, asked, order, parts
from tests.providers.unified.accounts import TOKEN, sender
from tests.providers.wire import Wire, answering, http, told

TAKEN = told({"id": "1", "uid": "5d8e2193e92f2d5e31cff1017724cfe9"})
NAMES = {
    "application/pdf": "order.pdf",
    "image/tiff": "scan.tif",
    "image/jpeg": "photo.jpg",
    "text/plain": "note.txt",
}
PNG = Document(name="a.png", media_type="image/png", content=b"x")
EMPTY = Document(name="a.pdf", media_type="application/pdf", content=b"")
OURS = {"sender": None, "to": "7778888"}


def refused(answer: bytes) -> ProviderError:
    with answering(TOKEN, answer) as wire, pytest.raises(ProviderError) as caught:
        sender("voipnow", wire.origin).send(order(**OURS))
    assert len(wire.requests) == 2
    return caught.value


@pytest.mark.parametrize("kind", FILES)
def test_a_fax_leaves_as_the_sample_has_it(kind: str) -> None:
    with answering(TOKEN, TAKEN) as wire:
        sender("voipnow", wire.origin).send(order(FILES[kind], **OURS))
    line, *_ = wire.heads[-1].splitlines()
    assert line == "POST /uapi/faxes/@me/0003*210 HTTP/1.1"
    assert wire.header("Authorization") == "Bearer t1"
    assert (wire.header("Content-Type") or "").startswith("multipart/form-data; boundary=")
    file, request = parts(wire)
    assert (file.name, file.filename) == ("files", NAMES[kind])
    assert file.content_type == "application/octet-stream"
    assert file.body == FILES[kind].content
    assert (request.name, request.filename) == ("request", None)
    assert json.loads(request.body) == {"recipients": ["7778888"]}


def test_files_leave_in_their_order_before_the_request() -> None:
    with answering(TOKEN, TAKEN) as wire:
        sender("voipnow", wire.origin).send(order(*FILES.values(), **OURS))
    assert [part.filename for part in parts(wire)] == [*NAMES.values(), None]


@pytest.mark.parametrize(
    ("options", "fields", "path", "recipient"),
    [
        ({}, {}, "/uapi/faxes/@me/0003*210", "13104456789"),
        ({"dial_prefix": "00"}, {}, "/uapi/faxes/@me/0003*210", "0013104456789"),
        ({"dial_prefix": "+"}, {}, "/uapi/faxes/@me/0003*210", "+13104456789"),
        ({"user_id": "@owner"}, {"to": "0003*211"}, "/uapi/faxes/@owner/0003*210", "0003*211"),
        ({"user_id": "17"}, {"sender": "211", "to": "212"}, "/uapi/faxes/17/211", "212"),
    ],
)
def test_whose_fax_it_is_and_how_a_number_is_dialled(
    options: dict[str, str], fields: dict[str, Any], path: str, recipient: str
) -> None:
    with answering(TOKEN, TAKEN) as wire:
        sender("voipnow", wire.origin, **options).send(order(**{"sender": None, **fields}))
    assert asked(wire).path == path
    assert json.loads(parts(wire)[-1].body) == {"recipients": [recipient]}


def test_an_accepted_fax_is_queued_under_its_id_and_uid() -> None:
    with answering(TOKEN, TAKEN) as wire:
        sent = sender("voipnow", wire.origin).send(order(**OURS))
    assert [each.id for each in sent.references] == ["1", "5d8e2193e92f2d5e31cff1017724cfe9"]
    assert sent.event.status is FaxStatus.QUEUED


@pytest.mark.parametrize("code", REASONS)
def test_every_documented_code_has_its_reason(code: str) -> None:
    status = {"request_not_implemented": "501 No", "access_denied": "403 No"}.get(code, "400 No")
    error = refused(told({"error": {"code": code, "message": "m"}}, status))
    assert (error.reason, error.code, error.maybe_done) == (REASONS[code], code, False)


@pytest.mark.parametrize("name", ["voipnow", "hubgets"])
def test_the_reasons_are_ours_and_those_of_the_page(name: str) -> None:
    assert set(REASONS.values()) <= set(ALL_REASONS)
    rows = Page((ROOT / "docs" / "providers" / f"{name}.md").read_text()).rows("API code", "reason")
    assert {code: spans(row[1])[0] for row in rows for code in spans(row[0])} == REASONS


def test_nothing_to_send_is_a_failure_that_says_so() -> None:
    error = refused(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    assert isinstance(error, RefusedError)
    assert (error.reason, error.status, error.maybe_done) == ("request.other", 204, False)
    assert "no fax to be sent" in str(error)


@pytest.mark.parametrize(
    ("answer", "maybe_done"),
    [
        (told({"error": {"code": "internal_server_error"}}, "500 Oh"), True),
        (http(b"", "502 Bad Gateway"), True),
        (http(b"<html>"), True),
        (told({}), True),
        (told({"id": [1]}), True),
        (b"", True),
        (http(b"", "429 Too Many"), False),
        (told({"error": "invalid_client"}, "403 No"), False),
    ],
)
def test_an_answer_says_whether_the_fax_may_have_been_taken(
    answer: bytes, maybe_done: bool
) -> None:
    assert refused(answer).maybe_done is maybe_done


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"to": "anybody"}, "to"),
        ({"to": ""}, "to"),
        ({"sender": "+13104456789"}, "from"),
        ({"sender": "@self"}, "from"),
        ({"quality": "fine"}, "quality"),
        ({"retries": 1}, "retries"),
        ({"documents": (FILES["application/pdf"],) * 6}, "documents"),
        ({"documents": (PNG,)}, "documents/0"),
        ({"documents": (EMPTY,)}, "documents/0"),
    ],
)
def test_what_it_would_refuse_never_leaves(fields: dict[str, Any], name: str) -> None:
    with answering(TOKEN) as wire, pytest.raises(InvalidOrderError) as caught:
        sender("voipnow", wire.origin).send(order(**{**OURS, **fields}))
    assert [fault.field for fault in caught.value.faults] == [name]
    assert wire.requests == []


def test_an_administrators_limit_is_the_accounts() -> None:
    with answering(TOKEN, TAKEN) as wire:
        made = sender("voipnow", wire.origin, files_per_fax="10")
        made.send(order(*(FILES["application/pdf"],) * 10, **OURS))
    assert len(parts(wire)) == 11


@pytest.mark.parametrize("text", ["210", "0003*210", "+13104456789", "7778888", "1234567890"])
def test_any_phone_number_and_extension_can_be_a_recipient(text: str) -> None:
    assert is_recipient(text)
    assert is_extension(text) is (text[0] != "+")


def tokens(wire: Wire) -> list[dict[str, str]]:
    forms = [asked(wire, n) for n in range(len(wire.requests))]
    return [dict(each.form) for each in forms if each.path == "/oauth/token.php"]


def test_a_token_is_asked_for_as_the_samples_have_it() -> None:
    with answering(TOKEN, TAKEN) as wire:
        sender("voipnow", wire.origin).send(order(**OURS))
    assert tokens(wire) == [
        {
            "grant_type": "client_credentials",
            "client_id": "app",
            "client_secret": "s3cret",
            "redirect_uri": "https://app.example.com/back",
            "type": "unifiedapi",
        }
    ]
