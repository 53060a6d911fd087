"""One request to an API: what leaves, what is taken for an answer, and what is raised."""

import logging
import traceback
from datetime import UTC, datetime, timedelta

import pytest

from faxhooks.providers.answers import LONGEST_WAIT, retry_after
from faxhooks.providers.asking import (
    AwayError,
    CredentialsError,
    ProviderError,
    RefusedError,
    StrangeAnswerError,
    ThrottledError,
)
from faxhooks.providers.calling import Caller, Patience, check_base_url, segment
from tests.providers.wire import answering, http, told
from tests.simulator.receivers import nobody

SECRET = "tok3n"
HEADERS = {"Authorization": f"Bearer {SECRET}"}
QUICK = Patience(connect=2.0, read=0.4, total=1.0, size=10_000)


def ask(origin: str, method: str = "GET", target: str = "/x?secret=tok3n") -> bytes:
    caller = Caller("Acme", origin, lambda said: str(said.get("code")), QUICK)
    try:
        return caller.call(method, target, HEADERS).body
    finally:
        caller.close()


def fault(answer: bytes | list[bytes | float], method: str = "GET") -> ProviderError:
    """What an answer raises; whatever it is, no secret is in it or in its traceback."""
    with answering(answer) as wire, pytest.raises(ProviderError) as caught:
        ask(wire.origin, method)
    assert len(wire.requests) == 1
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_what_leaves_is_what_was_meant_and_no_more() -> None:
    with answering(told({})) as wire:
        caller = Caller("Acme", f"{wire.origin}/api/", patience=QUICK)
        target = caller.target("/faxes", {"a b": "ü&"})
        caller.call("POST", target, HEADERS, form={"To": "+1 3", "n": "1"})
        caller.call("POST", caller.target("/faxes"), HEADERS, body={"to": ["ü"]})
        caller.close()
    (first, form), (second, body) = wire.requests
    assert first.splitlines()[0] == "POST /api/faxes?a+b=%C3%BC%26 HTTP/1.1"
    assert form == b"To=%2B1+3&n=1"
    assert body == b'{"to":["\\u00fc"]}'
    names = {line.partition(":")[0].lower() for line in second.splitlines()[1:]}
    assert names == {
        "host",
        "accept",
        "accept-encoding",
        "user-agent",
        "authorization",
        "content-type",
        "content-length",
    }
    assert wire.header("Accept-Encoding") == "identity"
    assert caller.calls == 2


def test_neither_proxies_nor_passwords_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", nobody())
    with answering(told({})) as wire:
        ask(wire.origin)
    assert wire.header("Authorization") == HEADERS["Authorization"]


@pytest.mark.parametrize(
    ("status", "error", "again"),
    [
        ("400 Bad Request", RefusedError, False),
        ("401 Unauthorized", CredentialsError, False),
        ("403 Forbidden", CredentialsError, False),
        ("404 Not Found", RefusedError, False),
        ("408 Request Timeout", AwayError, True),
        ("422 Unprocessable", RefusedError, False),
        ("429 Too Many Requests", ThrottledError, True),
        ("500 Internal Server Error", AwayError, True),
        ("503 Service Unavailable", AwayError, True),
        ("302 Found", StrangeAnswerError, True),
    ],
)
def test_a_status_says_whether_asking_again_can_help(
    status: str, error: type[ProviderError], again: bool
) -> None:
    raised = fault(told({"code": 20003, "message": f"{SECRET} of +13105550100"}, status))
    assert type(raised) is error
    assert raised.again is again
    assert raised.status == int(status[:3])
    assert raised.code == "20003"
    assert "code 20003" in str(raised) or status.startswith("302")
    assert "+1310" not in str(raised)


@pytest.mark.parametrize("body", ["<html>", "[]", '{"code": "a secret text"}', '{"code": [1]}', ""])
def test_what_is_no_code_is_not_repeated(body: str) -> None:
    raised = fault(http(body, "400 Bad Request"))
    assert raised.code is None
    assert str(raised) == "Acme answered 400: it refuses this request"


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_who_is_to_come_again_is_told_when(status: str) -> None:
    assert fault(http(b"", status, Retry_After="120")).after == 120
    assert fault(http(b"", status)).after is None


NOW = datetime(2026, 1, 13, 21, 54, 46, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 17 ", 17),
        ("99999999999999999999", LONGEST_WAIT),
        ("Tue, 13 Jan 2026 21:55:46 GMT", 60),
        ("Tue, 13 Jan 2026 21:53:46 GMT", 0),
        ("Wed, 13 Jan 2027 21:53:46 GMT", LONGEST_WAIT),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Tue, 99 Jan 2026 21:53:46 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(written: str | None, seconds: float | None) -> None:
    assert retry_after(written, NOW) == seconds


def test_a_redirect_is_not_followed() -> None:
    with answering(told({"seen": True})) as elsewhere:
        raised = fault(http(b"", "307 Temporary Redirect", Location=f"{elsewhere.origin}/x"))
        assert isinstance(raised, StrangeAnswerError)
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/x",
        "//evil.example/x",
        "http://127.0.0.1:1/x",
        "https://127.0.0.1/x",
        "http://user@127.0.0.1/x",
        "http://[",
        "file:///etc/passwd",
    ],
)
def test_a_link_to_elsewhere_is_refused(link: str) -> None:
    with pytest.raises(StrangeAnswerError, match="another host"):
        Caller("Acme", "http://127.0.0.1/api").follow("/api/faxes", link)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/fax/v1/Faxes?Page=1#x", "/fax/v1/Faxes?Page=1"),
        ("http://127.0.0.1/api/b?c", "/api/b?c"),
        ("?Page=2", "/api/faxes?Page=2"),
        ("b", "/api/b"),
    ],
)
def test_a_link_is_resolved_on_the_origin(link: str, target: str) -> None:
    assert Caller("Acme", "http://127.0.0.1/api").follow("/api/faxes?Page=1", link) == target


def test_a_long_answer_is_not_read_to_its_end() -> None:
    raised = fault(http(b"x" * 10_001))
    assert isinstance(raised, StrangeAnswerError)
    assert "more than 10000 bytes" in str(raised)
    with answering(http(b"x" * 10_000)) as wire:
        assert len(ask(wire.origin)) == 10_000


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"


@pytest.mark.parametrize("answer", [[1.2], [HALF, 1.2], [b"HTTP/1.1 200", 1.2]])
def test_no_answer_in_time_is_said_to_be_that(answer: list[bytes | float]) -> None:
    raised = fault(answer)
    assert isinstance(raised, AwayError)
    assert "in time" in str(raised)


def test_an_answer_in_drops_ends_at_the_limit_of_the_whole() -> None:
    raised = fault([HALF, *([0.1, b" "] * 30)])
    assert isinstance(raised, AwayError)
    assert "did not finish" in str(raised)


@pytest.mark.parametrize("answer", [b"", HALF, b"nonsense\r\n\r\n"])
def test_a_broken_answer_is_none(answer: bytes) -> None:
    raised = fault(answer)
    assert isinstance(raised, AwayError)
    assert "gave no answer" in str(raised)


def test_nobody_there_is_said_and_nothing_was_done() -> None:
    with pytest.raises(AwayError, match="gave no answer") as caught:
        ask(nobody(), "POST")
    assert not caught.value.maybe_done
    # The address, and whatever is in it, stands in what the library raised.
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("answer", [[1.2], b"", http(b"", "502 Bad Gateway"), HALF])
def test_a_post_without_an_answer_may_have_been_done(answer: bytes | list[bytes | float]) -> None:
    assert fault(answer, "POST").maybe_done
    assert not fault(answer).maybe_done


def test_a_post_that_is_refused_was_not_done() -> None:
    assert not fault(http(b"", "422 No"), "POST").maybe_done
    assert not fault(http(b"", "429 No"), "POST").maybe_done


def test_nothing_secret_is_logged_when_all_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(told({})) as wire:
        ask(wire.origin, target="/x")
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://API.example.com/v3/", "https://api.example.com/v3"),
        (" http://127.0.0.1:8100 ", "http://127.0.0.1:8100"),
        ("http://localhost/x", "http://localhost/x"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_an_apis_address_is_encrypted_or_on_this_machine(value: str, kept: str) -> None:
    assert check_base_url(value) == kept


@pytest.mark.parametrize(
    "value",
    [
        "",
        "api.example.com",
        "http://api.example.com",
        "https://",
        "https://user@api.example.com",
        "https://api.example.com?x",
        "https://api.example.com/#x",
        "https://api example.com",
        "https://api.example.com:99999",
        "ftp://127.0.0.1",
        "https://[",
    ],
)
def test_any_other_address_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="must be like https"):
        check_base_url(value)


def test_an_id_stays_one_part_of_a_path() -> None:
    assert segment("../a?b#c") == "..%2Fa%3Fb%23c"
    assert [segment(each) for each in (".", "..", "")] == [None, None, None]


def test_the_longest_wait_is_a_day() -> None:
    assert timedelta(seconds=LONGEST_WAIT) == timedelta(days=1)
