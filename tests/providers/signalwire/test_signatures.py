"""Who may report on a fax: signatures, keys, URLs and what is refused outright."""

from dataclasses import replace
from hashlib import sha256

import pytest

from faxhooks.domain.errors import AuthenticityError
from faxhooks.domain.fax import Evidence
from faxhooks.providers.signalwire import SignalWire

from .requests import (
    ADAPTER,
    FORM,
    HOOK,
    JSON,
    KEY,
    ORIGIN,
    RECORDED,
    SHA256,
    SIGNATURE,
    VECTORS,
    base64,
    fax_post,
    form,
    mac,
    query,
    recorded,
    relay,
    request,
    signed_string,
    vector,
)

SENT = {"FaxSid": "f1", "FaxStatus": "delivered"}
BELIEVING = SignalWire((KEY,), unsigned_json=True)


def refused(callback, adapter=ADAPTER):
    """The cause of the refusal."""
    with pytest.raises(AuthenticityError) as caught:
        adapter.verify(callback)
    return caught.value.cause


def with_headers(callback, **headers):
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(callback, headers={**callback.headers, **changed})


def without(callback, *names):
    kept = {name: value for name, value in callback.headers.items() if name not in names}
    return replace(callback, headers=kept)


@pytest.mark.parametrize("name", VECTORS)
def test_every_genuine_request_is_accepted(name):
    assert ADAPTER.verify(vector(name)) is Evidence.SIGNED


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_request_is_signed(name):
    assert ADAPTER.verify(recorded(name)) is Evidence.SIGNED


@pytest.mark.parametrize("name", VECTORS)
def test_a_request_without_any_signature_is_refused_as_missing(name):
    assert refused(without(vector(name), SIGNATURE, SHA256)) == "missing"


@pytest.mark.parametrize("name", ["V1_post_form", "V2_get_query"])
def test_the_alias_of_the_header_counts_where_the_header_is_absent(name):
    genuine = vector(name)
    alias = with_headers(without(genuine, SIGNATURE), x_twilio_signature=genuine.headers[SIGNATURE])
    assert ADAPTER.verify(alias) is Evidence.SIGNED
    assert refused(with_headers(alias, x_signalwire_signature="")) == "mismatch"


@pytest.mark.parametrize("signature", ["x" * 257, "c5Tf6yE7I7Ug4jGFORFSMohi2VÉ=", "\udce9" * 28])
@pytest.mark.parametrize("name", VECTORS)
def test_a_long_or_foreign_signature_is_refused_before_it_is_compared(name, signature):
    assert refused(with_headers(vector(name), x_signalwire_signature=signature)) == "malformed"


def test_refusals_show_nothing_of_what_was_sent():
    callback = with_headers(vector("V1_post_form"), x_signalwire_signature="SECRETWORD" * 2)
    with pytest.raises(AuthenticityError) as caught:
        ADAPTER.verify(callback)
    assert "SECRETWORD" not in str(caught.value)
    assert "signalwire/fax" not in str(caught.value)


def test_any_key_of_the_account_may_have_signed():
    rotated = SignalWire(("PSK_newer", "PSK_older"))
    for key in ("PSK_newer", "PSK_older"):
        for callback in (form(SENT, key=key), query(SENT, key=key), relay(fax_post(), key=key)):
            assert rotated.verify(callback) is Evidence.SIGNED
    assert refused(form(SENT, key="PSK_dropped"), rotated) == "mismatch"


@pytest.mark.parametrize("keys", [(), ("",)])
def test_without_a_key_nothing_is_believed_not_even_an_empty_one(keys):
    assert refused(form(SENT, key=""), SignalWire(keys)) == "mismatch"


@pytest.mark.parametrize(
    ("configured", "signed_for", "fits"),
    [
        ("https://h.example", "https://h.example:443", True),
        ("https://h.example:443", "https://h.example", True),
        ("http://h.example", "http://h.example:80", True),
        ("http://h.example:80", "http://h.example", True),
        ("https://[2001:db8::1]:443", "https://[2001:db8::1]", True),
        ("https://h.example:8443", "https://h.example:8443", True),
        ("https://h.example:8443", "https://h.example", False),
        ("https://h.example", "https://h.example:8443", False),
        ("https://h.example", "https://h.example:80", False),
        ("https://h.example", "http://h.example", False),
        ("https://h.example", "https://H.example", False),
        ("https://h.example", "https://user:pass@h.example", False),
    ],
)
def test_only_the_default_port_may_be_said_or_left_out(configured, signed_for, fits):
    callback = replace(form(SENT, signed_for=signed_for), origin=configured)
    if fits:
        assert ADAPTER.verify(callback) is Evidence.SIGNED
    else:
        assert refused(callback) == "mismatch"


def test_a_target_that_would_change_the_host_is_refused():
    assert refused(form(SENT, target=".evil.example/hook")) == "malformed"
    assert refused(form(SENT, target=HOOK + "?q=é")) == "malformed"


def test_the_order_of_form_fields_does_not_matter():
    genuine = vector("V1_post_form")
    parts = genuine.body.split(b"&")
    for turned in (parts[::-1], parts[5:] + parts[:5], sorted(parts, key=len)):
        assert ADAPTER.verify(replace(genuine, body=b"&".join(turned))) is Evidence.SIGNED


def test_a_blank_field_is_part_of_the_signature():
    genuine = vector("V1_post_form")
    assert b"ErrorCode=&" in genuine.body
    assert refused(replace(genuine, body=genuine.body.replace(b"ErrorCode=&", b""))) == "mismatch"


@pytest.mark.parametrize("order", ["sorted", "as sent"])
def test_repeated_fields_are_accepted_in_both_orders_the_vendor_signs(order):
    fields = [("FaxSid", "f1"), ("Tag", "b"), ("Tag", "a"), ("Tag", "b")]
    as_sent = "FaxSidf1TagbTagaTagb"
    text = signed_string(fields) if order == "sorted" else as_sent
    callback = form(fields)
    signature = base64(mac(ORIGIN + HOOK + text))
    assert ADAPTER.verify(with_headers(callback, x_signalwire_signature=signature))
    once = replace(callback, body=b"FaxSid=f1&Tag=b&Tag=a")
    assert refused(with_headers(once, x_signalwire_signature=signature)) == "mismatch"


def test_a_form_is_never_accepted_under_the_signature_of_its_bare_url():
    bare = {SIGNATURE: base64(mac(ORIGIN + HOOK))}
    assert refused(request(b"FaxSid=f1&FaxStatus=delivered", {**FORM, **bare})) == "mismatch"
    for nothing in (b"", b"&&"):
        assert refused(request(nothing, {**FORM, **bare})) == "malformed"
    for blank in (b"=", b"=&="):
        assert refused(request(blank, {**FORM, **bare})) == "ambiguous"


def test_a_get_with_a_body_is_refused():
    assert refused(replace(vector("V2_get_query"), body=b"FaxStatus=failed")) == "malformed"


def test_a_form_that_cannot_have_been_signed_is_malformed():
    signed = {**FORM, SIGNATURE: base64(mac(ORIGIN + HOOK))}
    assert refused(request(b"FaxSid=%FF", signed)) == "malformed"
    assert refused(request(b"FaxSid=\xff", signed)) == "malformed"
    assert refused(form([(f"n{n}", "") for n in range(201)])) == "malformed"


def test_a_sha256_header_on_a_form_is_ignored_since_its_construction_is_undocumented():
    headers = {"x_signalwire_sha256_signature": "0" * 64, "x_twilio_sha256_signature": "0" * 64}
    assert ADAPTER.verify(with_headers(vector("V1_post_form"), **headers)) is Evidence.SIGNED


@pytest.mark.parametrize("method", ["HEAD", "PUT", "get", ""])
def test_no_other_method_is_signed(method):
    assert refused(replace(vector("V1_post_form"), method=method)) == "malformed"


def test_either_signature_of_json_is_enough_alone_but_both_must_be_right():
    genuine = vector("V3_json_raw_body")
    assert ADAPTER.verify(without(genuine, SHA256)) is Evidence.SIGNED
    assert ADAPTER.verify(without(genuine, SIGNATURE)) is Evidence.SIGNED
    assert refused(with_headers(genuine, x_signalwire_sha256_signature="0" * 64)) == "mismatch"
    assert refused(with_headers(genuine, x_signalwire_sha256_signature="")) == "mismatch"
    assert refused(with_headers(genuine, x_signalwire_signature="0" * 40)) == "mismatch"


@pytest.mark.parametrize("body", [b"not json", b"\xff\xfe", b"null", b"[1]", b'{"a":NaN}', b"\0"])
def test_signed_bodies_are_authentic_even_where_nobody_can_read_them(body):
    assert ADAPTER.verify(relay(body)) is Evidence.SIGNED


def test_an_empty_body_has_no_signature_of_its_own():
    assert refused(relay(b"")) == "malformed"


def by_hash(body, said, target=HOOK):
    """JSON with the signature of a URL that holds `said` as the hash of the body."""
    target = f"{target}?bodySHA256={said}"
    signature = base64(mac(ORIGIN + target))
    return request(body, {**JSON, SIGNATURE: signature}, target=target)


def test_json_may_be_signed_by_its_hash_in_the_url():
    right = sha256(b'{"a":1}').hexdigest()
    assert ADAPTER.verify(by_hash(b'{"a":1}', right)) is Evidence.SIGNED
    assert refused(by_hash(b'{"a":2}', right)) == "mismatch"
    assert refused(by_hash(b'{"a":1}', right.upper())) == "mismatch"
    assert refused(by_hash(b'{"a":2}', f"{right}&bodySHA256={sha256(b'').hexdigest()}"))
    wrong = with_headers(by_hash(b'{"a":1}', right), x_signalwire_sha256_signature="0" * 64)
    assert refused(wrong) == "mismatch"


def test_json_under_the_signature_of_its_bare_url_is_refused():
    bare = {SIGNATURE: base64(mac(ORIGIN + HOOK))}
    assert refused(request(b'{"a":1}', {**JSON, **bare})) == "mismatch"


def test_unsigned_fax_posts_are_believed_only_where_the_account_says_so():
    unsigned = without(relay(fax_post()), SIGNATURE, SHA256)
    assert refused(unsigned) == "missing"
    assert BELIEVING.verify(unsigned) is Evidence.UNSIGNED
    assert BELIEVING.verify(relay(fax_post())) is Evidence.SIGNED


@pytest.mark.parametrize("header", [SIGNATURE, SHA256, "x-twilio-signature"])
@pytest.mark.parametrize("value", ["", "0" * 40])
def test_a_wrong_signature_is_refused_where_none_would_be_believed(header, value):
    unsigned = without(relay(fax_post()), SIGNATURE, SHA256)
    claimed = replace(unsigned, headers={**unsigned.headers, header: value})
    assert refused(claimed, BELIEVING) == "mismatch"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"event_type":"calling.call.state"}'])
def test_nothing_but_fax_posts_is_believed_unsigned(body):
    assert refused(request(body, JSON), BELIEVING) == "missing"
    assert refused(request(body, FORM), BELIEVING) == "missing"
    assert refused(request(b"", {}, "GET", HOOK + "?FaxSid=f1"), BELIEVING) == "missing"
