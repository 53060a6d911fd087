"""The set-up page: it waits, says what is wrong and how to mend it, and when it works."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from tests.story import PUBLIC_URL, Service, signature, target
from tests.web.dashboard.visitor import Visitor, let_in

FORM = {"FaxSid": "f1", "FaxStatus": "delivered", "To": "+13105550199"}
OTHER_HOST = {"Host": "fax.example.net"}


@pytest.fixture
def admin(service: Service) -> Visitor:
    return let_in(service, "ada", "admin")


def page(service: Service, admin: Visitor) -> str:
    answer = admin.get(f"/accounts/{service.hook.signalwire_account.id}/set-up")
    assert answer.status_code == 200
    return answer.text


def call(service: Service, signed: Mapping[str, str], **headers: str) -> int:
    """A form to the hook, and what was refused of it written down."""
    url = target(service.hook.signalwire_account.hook_url)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(FORM).encode()
    answer = service.hook.transport.send("POST", url, {**kind, **signed, **headers}, body)
    service.parts.receiver.refusals.write()
    return int(answer.status_code)


def signed_for(service: Service, origin: str = PUBLIC_URL, **key: str) -> dict[str, str]:
    url = origin + target(service.hook.signalwire_account.hook_url)
    return {"X-SignalWire-Signature": signature(url, FORM, **key)}


def test_it_waits_then_says_that_a_callback_has_come(service: Service, admin: Visitor) -> None:
    waiting = page(service, admin)
    assert "Waiting for the first callback" in waiting
    assert 'http-equiv="refresh"' in waiting
    assert call(service, signed_for(service)) == 200
    done = page(service, admin)
    assert "A callback has come" in done
    assert "with the right signature" in done
    assert 'http-equiv="refresh"' not in done


@pytest.mark.parametrize(
    ("origin", "headers", "said"),
    [
        ("http://hooks.example.com", {}, "The signature fits, but for the scheme"),
        ("https://fax.example.net", OTHER_HOST, "The signature fits, but for the host"),
        (
            "http://fax.example.net",
            OTHER_HOST,
            "The signature fits, but for the scheme and the host",
        ),
    ],
)
def test_a_wrong_public_address_is_named_with_what_to_set(
    service: Service, admin: Visitor, origin: str, headers: dict[str, str], said: str
) -> None:
    assert call(service, signed_for(service, origin), **headers) == 403
    shown = page(service, admin)
    assert said in shown
    assert f"The signature is right for {origin}" in shown
    assert (f"set PUBLIC_URL={origin}" in shown) is origin.startswith("https://")
    assert "egister the hook URL at SignalWire exactly as it stands on this page" in shown
    assert "#secrets" not in shown
    assert (
        service.hook.signalwire_account.hook_url.rpartition("/")[2]
        not in (shown.partition("Address")[2].partition("What was tried")[0])
    )


def test_a_wrong_key_and_no_signature_are_told_apart(service: Service, admin: Visitor) -> None:
    assert call(service, signed_for(service, key="PSK_nobodys")) == 403
    unknown = page(service, admin)
    assert "No key that we know made this signature" in unknown
    assert "something on the way changes the path or the body" in unknown
    (keys,) = re.findall(r'href="([^"]+#secrets)"', unknown)
    assert 'name="signing-key" type="password"' in admin.get(keys).text
    assert call(service, {}) == 403
    shown = page(service, admin)
    assert "There is no signature" in shown
    assert "content-type" in shown


def test_what_works_again_ends_the_complaint(service: Service, admin: Visitor) -> None:
    call(service, signed_for(service, key="PSK_nobodys"))
    assert call(service, signed_for(service)) == 200
    assert "A callback has come" in page(service, admin)
    call(service, signed_for(service, key="PSK_nobodys"))
    assert "No key that we know" not in page(service, admin)  # It works, and nobody watches.
    here = f"/accounts/{service.hook.signalwire_account.id}"
    assert admin.fill(f"{here}/watch", on=f"{here}/set-up").status_code == 303
    assert "Watched until" in page(service, admin)
    call(service, signed_for(service, key="PSK_nobodys"))
    assert "No key that we know" in page(service, admin)


def test_what_came_to_no_hook_at_all_is_pointed_out(service: Service, admin: Visitor) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    service.hook.transport.send("POST", "/hooks/signalwire/mistyped", headers, b"FaxSid=f1")
    service.parts.receiver.refusals.write()
    assert "1 request came to hook URLs that nobody has" in page(service, admin)


def test_another_address_than_the_public_one_is_pointed_out(service: Service) -> None:
    let_in(service, "ada", "admin")
    elsewhere = Visitor(service.app, base_url="https://inner.example.net")
    elsewhere.sign_in("ada")
    assert "You opened this page at inner.example.net" in page(service, elsewhere)


def test_hostile_hosts_and_headers_stay_text(service: Service, admin: Visitor) -> None:
    hostile = "<script>alert(1)</script>"
    for name in ("X-Forwarded-Host", "X-Forwarded-Prefix", "Forwarded", "X-Forwarded-Proto"):
        assert call(service, signed_for(service, key="PSK_nobodys"), **{name: hostile}) == 403
        assert hostile not in page(service, admin)
