"""What SignalWire is answered, and that nothing it sends can break us."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faxhooks.domain.errors import AuthenticityError, UnreadableError
from faxhooks.domain.lifecycle import fold
from faxhooks.providers.base import Reply
from faxhooks.providers.signalwire import SignalWire
from faxhooks.providers.signalwire.words import KNOWN

from .requests import (
    ADAPTER,
    FORM,
    HOOK,
    JSON,
    KEY,
    ORIGIN,
    RECORDED,
    fax_post,
    form,
    query,
    recorded,
    relay,
    request,
)

NOTHING = Reply(b"<Response/>", "application/xml")
TRUSTING = SignalWire((KEY,), hook_url=ORIGIN + HOOK, unsigned_json=True)
often = settings(max_examples=300, deadline=None, database=None)


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_callback_is_one_fact(name):
    (event,) = ADAPTER.normalize(recorded(name))
    assert fold([event]).references


@pytest.mark.parametrize("name", [name for name in RECORDED if name != "documented_number_asks"])
def test_a_status_callback_is_answered_with_an_empty_response(name):
    assert ADAPTER.reply(recorded(name)) == NOTHING


@pytest.mark.parametrize("ask", [form, query])
def test_a_number_that_asks_is_told_to_receive_and_where_to_report(ask):
    reply = ADAPTER.reply(ask({"FaxSid": "f1", "From": "+1", "To": "+2", "FaxStatus": ""}))
    assert reply == ADAPTER.reply(recorded("documented_number_asks"))
    assert reply.content_type == "application/xml"
    assert reply.body == (
        b'<?xml version="1.0" encoding="UTF-8"?><Response>'
        b'<Receive action="https://hooks.example.com/hooks/signalwire/TOKEN"/></Response>'
    )


def test_the_hooks_address_is_escaped():
    address = "https://h.example/hook?a=<1>&b=\"2\"&c='3'"
    reply = SignalWire((KEY,), hook_url=address).reply(recorded("documented_number_asks"))
    receive = ET.fromstring(reply.body).find("Receive")
    assert receive is not None
    assert receive.attrib == {"action": address}


def test_a_question_we_cannot_read_in_full_is_answered_all_the_same():
    asked = form({"FaxSid": "f1", "From": "a\0b"})
    with pytest.raises(UnreadableError):
        ADAPTER.normalize(asked)
    assert b"<Receive " in ADAPTER.reply(asked).body


@pytest.mark.parametrize(
    "callback",
    [
        form({"FaxSid": "f1", "OriginalMediaUrl": "https://example.com/a.pdf"}),
        form({"FaxSid": "f1", "Direction": "outbound-api"}),
        form({"FaxSid": " "}),
        request(b"FaxSid=%FF", FORM),
        request(b"&".join([b"a=b"] * 300), FORM),
        request(b"{}", JSON),
        request(b"\xff"),
    ],
)
def test_nothing_else_is_taken_for_a_question(callback):
    assert ADAPTER.reply(callback) == NOTHING


def test_the_first_of_repeated_fields_counts_in_the_answer_too():
    asked = form([("FaxSid", "f1"), ("FaxStatus", ""), ("FaxStatus", "busy")])
    assert b"<Receive " in ADAPTER.reply(asked).body


def survives(callback):
    """Verifying and reading raise what they may, and answering raises nothing."""
    said = {refusal(callback), fault(callback)} - {None}
    assert "a fact about no fax" not in said
    assert not any("\0" in text or len(text) > 200 for text in said)
    assert TRUSTING.reply(callback).content_type == "application/xml"


def refusal(callback):
    try:
        TRUSTING.verify(callback)
    except AuthenticityError as refused:
        return str(refused)
    return None


def fault(callback):
    try:
        (event,) = TRUSTING.normalize(callback)
    except UnreadableError as unreadable:
        return str(unreadable)
    return None if fold([event]).references else "a fact about no fax"


kinds = st.sampled_from([FORM, JSON, {}, {"content-type": "text/xml"}])
names = st.sampled_from(
    ["x-signalwire-signature", "x-twilio-signature", "x-signalwire-sha256-signature"]
)
headers = st.builds(lambda kind, more: {**kind, **more}, kinds, st.dictionaries(names, st.text()))
targets = st.one_of(st.just(HOOK), st.text(), st.text().map(lambda text: f"{HOOK}?{text}"))


@often
@given(st.binary(max_size=400), headers, st.sampled_from(["GET", "POST", "PUT"]), targets)
@example(b"FaxSid=f1", FORM, "GET", "/?FaxSid=\udcff")
@example(b"FaxSid=f1&FaxStatus=\xed\xa0\x80", FORM, "POST", HOOK)
def test_arbitrary_requests_raise_nothing_unexpected(body, given_headers, method, target):
    survives(request(body, given_headers, method, target))


known = st.sampled_from(sorted(KNOWN))
sensible = st.sampled_from(["f1", "delivered", "failed", "inbound", "2", "34004", "completed", ""])
fields = st.lists(
    st.tuples(st.one_of(known, st.text()), st.one_of(sensible, st.text())), max_size=8
)
encodable = fields.filter(
    lambda pairs: not any("\ud800" <= c <= "\udfff" for p in pairs for c in "".join(p))
)


@often
@given(encodable, st.sampled_from([form, query]))
def test_arbitrary_signed_fields_raise_nothing_unexpected(pairs, ask):
    survives(ask(pairs))


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
parameters = st.sampled_from(
    ["direction", "identity", "remote_identity", "document", "pages", "number", "success", "result"]
)


@often
@given(st.dictionaries(parameters, anything), st.sampled_from(["page", "finished", "error", "x"]))
def test_arbitrary_parameters_of_a_fax_raise_nothing_unexpected(params, kind):
    survives(relay(fax_post(kind, params)))


@often
@given(anything, st.sampled_from(["event_type", "params", "timestamp", "vars", "call"]))
def test_arbitrary_json_raises_nothing_unexpected(value, place):
    survives(relay(value))
    survives(relay({**fax_post(), place: value}))
    survives(relay({"vars": value, "call": value}))
