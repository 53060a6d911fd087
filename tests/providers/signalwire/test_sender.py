"""Sending through SignalWire: the bytes that leave, and what each answer means."""

from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl

import pytest

from faxhooks.domain.fax import FaxStatus
from faxhooks.domain.reasons import REASONS as ALL_REASONS
from faxhooks.providers.asking import (
    CredentialsError,
    ProviderError,
    RefusedError,
    StrangeAnswerError,
    renew_alone,
)
from faxhooks.providers.sending import InvalidOrderError, Sender
from faxhooks.providers.signalwire import SIGNALWIRE
from faxhooks.providers.signalwire.sender import EVENTS, REASONS
from faxhooks.providers.signalwire.words import reason_of
from tests.documents import ROOT, Page, spans
from tests.providers.orders import CALLBACK, FILES, FROM, TO, asked, at_address, order
from tests.providers.wire import Wire, answering, http, told

PROJECT = "b3877c40-da60-4998-90ad-b792e98472ac"
SID = "b3877c40-da60-4998-90ad-b792e98472fd"
ANSWER = {"sid": SID, "status": "queued", "to": TO, "from": FROM, "num_pages": None}
PDF = at_address()


def sender(wire: Wire, **options: str) -> Sender:
    given = {"project-id": PROJECT, "api-token": "PT1", "base-url": wire.origin}
    given |= {name.replace("_", "-"): value for name, value in options.items()}
    config = {name: (value,) for name, value in given.items()}
    assert SIGNALWIRE.sender is not None
    made = SIGNALWIRE.sender(config, renew_alone(config))
    assert made is not None
    return made


def form(wire: Wire) -> list[tuple[str, str]]:
    assert asked(wire).headers["content-type"] == "application/x-www-form-urlencoded"
    return parse_qsl(wire.requests[-1][1].decode(), keep_blank_values=True, strict_parsing=True)


def refused(answer: bytes) -> ProviderError:
    with answering(answer) as wire, pytest.raises(ProviderError) as caught:
        sender(wire).send(order(PDF))
    assert len(wire.requests) == 1
    return caught.value


def test_a_plain_fax_leaves_as_the_reference_says() -> None:
    with answering(told(ANSWER)) as wire:
        sender(wire).send(order(PDF))
    request = asked(wire)
    assert (request.method, request.path) == (
        "POST",
        f"/api/laml/2010-04-01/Accounts/{PROJECT}/Faxes",
    )
    basic = b64encode(f"{PROJECT}:PT1".encode()).decode()
    assert request.headers["authorization"] == f"Basic {basic}"
    assert form(wire) == [("To", TO), ("From", FROM), ("MediaUrl", PDF.url), ("StoreMedia", "true")]


def test_every_field_leaves_as_the_reference_says() -> None:
    to = "sip:fax@example.com"
    with answering(told(ANSWER)) as wire:
        made = sender(wire, store_media="no", sip_username="me", sip_password="p&w=")
        made.send(order(PDF, to=to, quality="superfine", ttl=300, callback_url=CALLBACK))
    assert form(wire) == [
        ("To", to),
        ("From", FROM),
        ("MediaUrl", PDF.url),
        ("Quality", "superfine"),
        ("Ttl", "300"),
        ("StoreMedia", "false"),
        ("StatusCallback", CALLBACK),
        ("StatusCallbackMethod", "POST"),
        *(("StatusCallbackEvent", event) for event in EVENTS),
        ("SipAuthUsername", "me"),
        ("SipAuthPassword", "p&w="),
    ]


def test_sip_credentials_do_not_go_to_a_number() -> None:
    with answering(told(ANSWER)) as wire:
        sender(wire, sip_username="me", sip_password="pw").send(order(PDF))
    assert not {"SipAuthUsername", "SipAuthPassword"} & dict(form(wire)).keys()


@pytest.mark.parametrize(
    ("given", "values"), [("repeated", list(EVENTS)), ("joined", [",".join(EVENTS)]), ("none", [])]
)
def test_how_events_are_asked_for_can_be_changed(given: str, values: list[str]) -> None:
    with answering(told(ANSWER)) as wire:
        sender(wire, event_form=given).send(order(PDF, callback_url=CALLBACK))
    assert [value for name, value in form(wire) if name == "StatusCallbackEvent"] == values


def test_an_accepted_fax_is_queued_under_its_sid() -> None:
    with answering(told(ANSWER)) as wire:
        sent = sender(wire).send(order(PDF))
    assert [each.id for each in sent.references] == [SID]
    assert (sent.event.status, sent.event.provider_status) == (FaxStatus.QUEUED, "queued")
    assert not sent.event.asks_poll
    assert sent.answer.body == told(ANSWER).partition(b"\r\n\r\n")[2]


def test_an_answer_with_another_word_asks_for_a_poll() -> None:
    with answering(told({**ANSWER, "status": "failed"})) as wire:
        event = sender(wire).send(order(PDF)).event
    assert (event.status, event.provider_status) == (FaxStatus.QUEUED, "failed")
    assert event.asks_poll


@pytest.mark.parametrize("code", REASONS)
@pytest.mark.parametrize("enveloped", [False, True])
def test_every_documented_code_has_its_reason(code: str, enveloped: bool) -> None:
    said: dict[str, Any] = {"code": int(code), "message": "m", "more_info": "u", "status": 422}
    body = {"errors": [{**said, "code": code}]} if enveloped else said
    error = refused(told(body, "422 Unprocessable"))
    assert (error.reason, error.code, error.maybe_done) == (REASONS[code], code, False)
    assert isinstance(error, RefusedError)


def test_the_reasons_are_ours_and_agree_with_those_of_callbacks_and_with_the_page() -> None:
    assert set(REASONS.values()) <= set(ALL_REASONS)
    for code, reason in REASONS.items():
        assert reason_of(FaxStatus.FAILED, None, code, None) in (None, reason)
    page = Page((ROOT / "docs" / "providers" / "signalwire.md").read_text())
    rows = page.rows("API code", "reason")
    assert {code: spans(row[1])[0] for row in rows for code in spans(row[0])} == REASONS


@pytest.mark.parametrize(
    ("answer", "kind", "reason", "maybe_done"),
    [
        (told({"code": 20003}, "401 Unauthorized"), CredentialsError, "account.not_allowed", False),
        (http(b"", "403 Forbidden"), CredentialsError, "account.not_allowed", False),
        (http(b"", "400 Bad Request"), RefusedError, "request.other", False),
        (told({"errors": ["text"]}, "422 No"), RefusedError, "request.other", False),
        (http(b"", "429 Too Many"), ProviderError, "account.limit", False),
        (told({"code": 20504}, "500 Oh"), ProviderError, "provider.internal", True),
        (http(b"", "502 Bad Gateway"), ProviderError, "provider.internal", True),
        (http(b"<html>"), StrangeAnswerError, "provider.internal", True),
        (told({}), StrangeAnswerError, "provider.internal", True),
        (told({"sid": ["a"]}), StrangeAnswerError, "provider.internal", True),
        (http(b"", "204 No Content"), StrangeAnswerError, "provider.internal", True),
        (b"", ProviderError, "provider.internal", True),
    ],
)
def test_an_answer_says_whether_the_fax_may_have_been_taken(
    answer: bytes, kind: type[ProviderError], reason: str, maybe_done: bool
) -> None:
    error = refused(answer)
    assert isinstance(error, kind)
    assert (error.reason, error.maybe_done) == (reason, maybe_done)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"to": "13104456789"}, "to"),
        ({"to": "sip:"}, "to"),
        ({"sender": None}, "from"),
        ({"sender": "a\nb"}, "from"),
        ({"quality": "best"}, "quality"),
        ({"ttl": 4}, "ttl"),
        ({"ttl": 301}, "ttl"),
        ({"retries": 1}, "retries"),
        ({"documents": (PDF, PDF)}, "documents"),
        ({"documents": ()}, "documents"),
        ({"documents": (FILES["application/pdf"],)}, "documents/0"),
        ({"documents": (at_address(FILES["image/tiff"]),)}, "documents/0"),
    ],
)
def test_what_it_would_refuse_never_leaves(fields: dict[str, Any], name: str) -> None:
    with answering(told(ANSWER)) as wire, pytest.raises(InvalidOrderError) as caught:
        sender(wire).send(order(PDF, **{"documents": (PDF,), **fields}))
    assert [fault.field for fault in caught.value.faults] == [name]
    assert wire.requests == []
