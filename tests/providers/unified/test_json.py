"""The JSON form: what leaves for the API, what for the storage, and what each answer means."""

import json
from datetime import timedelta
from typing import Any

import pytest

from faxhooks.providers.answers import Answer
from faxhooks.providers.asking import ProviderError, StrangeAnswerError
from faxhooks.providers.sending import Document
from faxhooks.providers.unified.storing import File, put, slots_of
from tests.providers.orders import FILES, NOW, asked, order
from tests.providers.unified.accounts import COOKIE, sender
from tests.providers.wire import Wire, answering, http, told

SIGNED = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F2026&X-Amz-Signature=0f~%7E"
UID = "ba123e75751d52b84f6527062fd20bd1"
OURS = {"sender": None}
STORED = http(b"")


def place(storage: str, document: Document, number: int = 0, **changes: Any) -> dict[str, Any]:
    """A place as the sample has it."""
    kept = {"order.pdf": "order.pdf", "scan.tiff": "scan.tif", "photo.jpeg": "photo.jpg"}
    name = kept.get(document.name, "note.txt")
    return {
        "redirect": True,
        "heUri": f"https://api.hubgets.com/at/file/action?id=31m&ver=31n&nm={name}&cl=OTHER&vw=main",
        "redirectUri": f"{storage}/bucket/file{number}?{SIGNED}",
        "redirectHeaders": {"x-amz-meta-he-int-faxout": 1, "x-amz-meta-app-faxid": 262},
        "contentType": document.media_type,
        "contentLength": len(document.content or b""),
        **changes,
    }


def created(*places: dict[str, Any]) -> bytes:
    return told({"id": 262, "uid": UID, "files": list(places)})


def test_a_fax_leaves_as_the_sample_has_it() -> None:
    documents = list(FILES.values())
    with answering(STORED) as storage:
        places = [place(storage.origin, each, n) for n, each in enumerate(documents)]
        with answering(created(*places)) as api:
            sent = sender("hubgets", api.origin).send(order(*documents, **OURS))
    line, *_ = api.heads[0].splitlines()
    assert line == "POST /uapi/faxes/@me/0003*210/ HTTP/1.1"
    assert api.header("x-xsrf-token") == "44HzZ6YIHDN6mbRY"
    assert api.header("cookie") == COOKIE
    assert api.header("content-type") == "application/json"
    files = [("order.pdf", "application/pdf"), ("scan.tif", "image/tiff")]
    files += [("photo.jpg", "image/jpeg"), ("note.txt", "text/plain")]
    assert json.loads(api.requests[0][1]) == {
        "recipients": ["13104456789"],
        "files": [
            {
                "uploadIdentifier": f"doc{n:03}",
                "name": name,
                "size": len(document.content or b""),
                "contentType": kind,
            }
            for n, ((name, kind), document) in enumerate(zip(files, documents, strict=True), 1)
        ],
    }
    assert [body for _, body in storage.requests] == [each.content for each in documents]
    assert [each.id for each in sent.references] == ["262", UID]


def test_what_goes_to_the_storage_is_the_file_and_the_headers_given_and_no_credentials() -> None:
    (document,) = [FILES["application/pdf"]]
    with answering(STORED) as storage, answering(created(place(storage.origin, document))) as api:
        sender("hubgets", api.origin).send(order(**OURS))
    head, body = storage.requests[0]
    first, *lines = head.splitlines()
    assert first == f"PUT /bucket/file0?{SIGNED} HTTP/1.1"
    names = {line.partition(":")[0].lower() for line in lines}
    assert names == {
        *("host", "accept", "accept-encoding", "user-agent", "content-length"),
        *("x-amz-meta-he-int-faxout", "x-amz-meta-app-faxid"),
    }
    assert storage.header("x-amz-meta-he-int-faxout") == "1"
    assert storage.header("x-amz-meta-app-faxid") == "262"
    assert storage.header("content-length") == str(len(document.content or b""))
    assert "44HzZ6YIHDN6mbRY" not in head
    assert body == document.content


def test_a_token_takes_the_place_of_cookies() -> None:
    with answering(STORED) as storage:
        said = created(place(storage.origin, FILES["application/pdf"]))
        with answering(said) as api:
            sender("hubgets", api.origin, access_token="t0ken").send(order(**OURS))
    assert api.header("authorization") == "Bearer t0ken"
    assert api.header("cookie") is None
    assert "t0ken" not in storage.heads[0]


def test_places_in_another_order_get_the_files_that_they_name() -> None:
    documents = [FILES["application/pdf"], FILES["image/tiff"]]
    with answering(STORED) as storage:
        places = [place(storage.origin, each, n) for n, each in enumerate(documents)]
        with answering(created(*reversed(places))) as api:
            sender("hubgets", api.origin).send(order(*documents, **OURS))
    went = {asked(storage, n).path: storage.requests[n][1] for n in (0, 1)}
    assert went == {f"/bucket/file{n}": each.content for n, each in enumerate(documents)}


def tried(*stored: bytes, documents: int = 1, **changes: Any) -> tuple[ProviderError, Wire]:
    """What comes of files that are stored so."""
    files = list(FILES.values())[:documents]
    with answering(*stored) as storage:
        places = [place(storage.origin, each, n, **changes) for n, each in enumerate(files)]
        with answering(created(*places)) as api, pytest.raises(ProviderError) as caught:
            sender("hubgets", api.origin).send(order(*files, **OURS))
        assert len(api.requests) == 1
        return caught.value, storage


@pytest.mark.parametrize(
    ("answer", "reason", "maybe_done"),
    [
        (http(b"<Error/>", "403 Forbidden"), "document.upload_expired", False),
        (http(b"<Error/>", "400 Bad Request"), "request.other", False),
        (http(b"", "413 Too Large"), "document.size", False),
        (http(b"", "307 Elsewhere", Location="/x"), "provider.internal", True),
        (http(b"", "503 Slow Down"), "provider.internal", True),
        (b"", "provider.internal", True),
    ],
)
def test_what_the_storage_says_decides_and_the_faxs_ids_are_kept(
    answer: bytes, reason: str, maybe_done: bool
) -> None:
    error, storage = tried(answer)
    assert (error.reason, error.maybe_done) == (reason, maybe_done)
    assert [each.id for each in error.references] == ["262", UID]
    assert len(storage.requests) == 1


def test_a_fax_with_some_of_its_files_leaves_it_open() -> None:
    error, storage = tried(STORED, http(b"", "403 Forbidden"), documents=3)
    assert (error.reason, error.maybe_done) == ("document.upload_expired", True)
    assert len(storage.requests) == 2


@pytest.mark.parametrize(("written", "seconds"), [("&X-Amz-Expires=120", 120), ("", 600)])
def test_no_file_leaves_for_an_address_that_has_run_out(written: str, seconds: int) -> None:
    document, file = FILES["application/pdf"], File("order.pdf", "application/pdf", b"%PDF")
    with answering(STORED) as storage:
        uri = f"{storage.origin}/b?{SIGNED}{written}"
        said = {"files": [place(storage.origin, document, redirectUri=uri, contentLength=4)]}
        answer = Answer("POST", "", "/", 200, json.dumps(said).encode(), "", NOW)
        (slot,) = slots_of(answer, [file])
        put("Hubgets", slot, file, NOW + timedelta(seconds=seconds - 1))
        assert storage.requests[0][1] == b"%PDF"
        with pytest.raises(ProviderError, match="has run out") as caught:
            put("Hubgets", slot, file, NOW + timedelta(seconds=seconds))
    assert (caught.value.reason, caught.value.maybe_done) == ("document.upload_expired", False)
    assert len(storage.requests) == 1


def test_an_api_that_is_encrypted_sends_no_file_where_nothing_is() -> None:
    file = File("order.pdf", "application/pdf", b"%PDF")
    said = {"files": [{"redirectUri": "http://127.0.0.1:1/x"}]}
    body = json.dumps(said).encode()
    answer = Answer("POST", "https://api.hubgets.com", "/", 200, body, "", NOW)
    with pytest.raises(StrangeAnswerError, match="no safe address"):
        slots_of(answer, [file])


STRANGE: list[dict[str, Any]] = [
    {"files": []},
    {"files": None},
    {"files": [1]},
    {"files": [{"redirectUri": 1}]},
    {"files": [{"redirectUri": "http://storage.example.com/x"}]},
    {"files": [{"redirectUri": "ftp://127.0.0.1/x"}]},
    {"files": [{"redirectUri": "https://127.0.0.1:1/x", "redirectHeaders": {"a": "b\r\nc: d"}}]},
    {"files": [{"redirectUri": "https://127.0.0.1:1/x", "redirectHeaders": 5}]},
    {"files": [{"redirectUri": "https://127.0.0.1:1/x", "contentLength": 1}]},
    {"id": None, "uid": None, "files": []},
]


@pytest.mark.parametrize("changes", STRANGE)
def test_without_a_place_for_each_file_nothing_was_sent(changes: dict[str, Any]) -> None:
    with answering(told({"id": 1, **changes})) as api, pytest.raises(ProviderError) as caught:
        sender("hubgets", api.origin).send(order(**OURS))
    assert (caught.value.reason, caught.value.maybe_done) == ("provider.internal", False)


@pytest.mark.parametrize("answer", [b"", http(b"", "502 Bad"), http(b"<html>"), [0.0]])
def test_without_a_word_of_the_api_nothing_was_sent(answer: bytes) -> None:
    with answering(answer) as api, pytest.raises(ProviderError) as caught:
        sender("hubgets", api.origin).send(order(**OURS))
    assert not caught.value.maybe_done


def test_voipnow_has_this_form_too_where_its_account_says_so() -> None:
    token = told({"access_token": "t1", "expires_in": 3600})
    with answering(STORED) as storage:
        said = created(place(storage.origin, FILES["application/pdf"]))
        with answering(token, said) as api:
            sender("voipnow", api.origin, form="json").send(order(**OURS))
    assert asked(api).path == "/uapi/faxes/@me/0003*210"
    assert api.header("authorization") == "Bearer t1"
    assert storage.header("authorization") is None
