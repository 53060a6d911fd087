"""A refused request is explained: each way to break a signature is named, and only that one."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError
from faxhooks.services.diagnosing import diagnose
from faxhooks.services.directory import Entrance
from tests.story import (
    PROJECT,
    PUBLIC_URL,
    Service,
    make_service,
    relay_signatures,
    signature,
    target,
)

FORM = {"FaxSid": "f1", "FaxStatus": "delivered", "To": "+13105550199"}


@pytest.fixture
def service(sqlite_url: str) -> Iterator[Service]:
    """Nothing here depends on the kind of database."""
    made = make_service(sqlite_url)
    yield made
    made.parts.database.engine.dispose()


def refused(
    service: Service, headers: Mapping[str, str], body: bytes, where: str | None = None
) -> dict[str, Any]:
    """The facts of a request, which must indeed be refused."""
    account = service.hook.signalwire_account
    entrance = service.parts.directory.get(account.id)
    path = where or target(account.hook_url)
    known = {"host": "10.0.0.7:8000", **{name.lower(): value for name, value in headers.items()}}
    callback = Callback("POST", PUBLIC_URL, path, known, body, datetime.now(UTC))
    with pytest.raises(AuthenticityError) as found:
        entrance.adapter.verify(callback)
    others: list[Entrance] = service.parts.directory.list_of("signalwire")
    return diagnose(callback, entrance, others, found.value.cause)


def form_signed_for(url: str, **keys: str) -> dict[str, str]:
    kind = "application/x-www-form-urlencoded"
    return {"Content-Type": kind, "X-SignalWire-Signature": signature(url, FORM, **keys)}


@pytest.mark.parametrize(
    ("change", "seen", "headers"),
    [
        ("scheme", "http://hooks.example.com", {}),
        ("host", "https://fax.example.net", {"Host": "fax.example.net"}),
        ("host", "https://fax.example.net", {"X-Forwarded-Host": "fax.example.net, inner"}),
        ("host", "https://fax.example.net", {"Forwarded": 'for=1.2.3.4;host="fax.example.net"'}),
        ("port", "https://hooks.example.com:8443", {"X-Forwarded-Port": "8443"}),
        ("port", "https://hooks.example.com:8443", {"Host": "hooks.example.com:8443"}),
    ],
)
def test_another_origin_is_named(
    service: Service, change: str, seen: str, headers: dict[str, str]
) -> None:
    url = seen + target(service.hook.signalwire_account.hook_url)
    facts = refused(service, {**form_signed_for(url), **headers}, urlencode(FORM).encode())
    assert facts["finding"]["changes"] == [change]
    assert facts["finding"]["origin"] == seen
    assert facts["finding"]["key"]["kind"] == "own"


def test_two_changes_at_once_are_both_named(service: Service) -> None:
    url = "http://fax.example.net" + target(service.hook.signalwire_account.hook_url)
    headers = {**form_signed_for(url), "Host": "fax.example.net"}
    facts = refused(service, headers, urlencode(FORM).encode())
    assert facts["finding"]["changes"] == ["scheme", "host"]


def test_a_slash_that_was_added_is_named(service: Service) -> None:
    url = service.hook.signalwire_account.hook_url
    body = urlencode(FORM).encode()
    facts = refused(service, form_signed_for(url), body, where=target(url) + "/")
    assert facts["finding"]["changes"] == ["slash"]


def test_a_path_that_a_proxy_took_the_beginning_of_is_named(service: Service) -> None:
    url = f"{PUBLIC_URL}/fax{target(service.hook.signalwire_account.hook_url)}"
    headers = {**form_signed_for(url), "X-Forwarded-Prefix": "/fax"}
    facts = refused(service, headers, urlencode(FORM).encode())
    assert facts["finding"]["changes"] == ["path"]


def test_json_that_was_written_anew_is_named(service: Service) -> None:
    sent = json.dumps({"event_type": "calling.call.fax", "params": {"a": 1}}, indent=None).encode()
    url = service.hook.signalwire_account.hook_url
    headers = {"Content-Type": "application/json", **relay_signatures(url, sent)}
    anew = json.dumps(json.loads(sent), indent=2).encode()
    assert refused(service, headers, anew)["finding"]["changes"] == ["body_rewritten"]


def test_a_plus_sign_that_became_a_blank_is_named(service: Service) -> None:
    url = service.hook.signalwire_account.hook_url
    lost = urlencode(FORM).replace("%2B", "+").encode()
    facts = refused(service, form_signed_for(url), lost)
    assert facts["finding"]["changes"] == ["plus_lost"]


def test_a_content_type_that_was_changed_is_named(service: Service) -> None:
    headers = form_signed_for(service.hook.signalwire_account.hook_url)
    headers["Content-Type"] = "text/plain"
    facts = refused(service, headers, urlencode(FORM).encode())
    assert facts["finding"]["changes"] == ["content_type"]


def test_the_key_of_another_account_is_named(service: Service) -> None:
    values = {"project-id": [PROJECT], "signing-key": ["PSK_anotherKey"]}
    other = service.parts.database.write(
        lambda session: service.parts.accounts.add(session, "signalwire", "other", values)
    )
    headers = form_signed_for(service.hook.signalwire_account.hook_url, key="PSK_anotherKey")
    finding = refused(service, headers, urlencode(FORM).encode())["finding"]
    assert finding["key"] == {"kind": "account", "name": str(other.id)}
    assert finding["changes"] == []


def test_another_secret_of_the_account_in_place_of_the_key_is_named(service: Service) -> None:
    service.parts.database.write(
        lambda session: service.parts.accounts.rotate(session, "main", {"api-token": ["PTtoken99"]})
    )
    headers = form_signed_for(service.hook.signalwire_account.hook_url, key="PTtoken99")
    finding = refused(service, headers, urlencode(FORM).encode())["finding"]
    assert finding["key"] == {"kind": "secret", "name": "api-token"}


def test_a_key_that_nobody_has_fits_nothing(service: Service) -> None:
    headers = form_signed_for(service.hook.signalwire_account.hook_url, key="PSK_nobodys")
    facts = refused(service, headers, urlencode(FORM).encode())
    assert facts["cause"] == "mismatch"
    assert facts["finding"] is None


def test_nothing_of_what_the_request_said_is_among_the_facts(service: Service) -> None:
    url = service.hook.signalwire_account.hook_url
    headers = {**form_signed_for(url, key="PSK_nobodys"), "X-Planted": "planted-value"}
    where = f"{target(url)}?To=%2B13105550199"
    told = json.dumps(refused(service, headers, urlencode(FORM).encode(), where=where))
    token = url.rpartition("/")[2]
    claimed = headers["X-SignalWire-Signature"]
    for secret in (token, "13105550199", "planted-value", "delivered", claimed):
        assert secret not in told
    assert "x-planted" in told
