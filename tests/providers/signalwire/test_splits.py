"""A signed string has no delimiters: only the fields it was made from are accepted."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations_with_replacement, pairwise
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError
from faxhooks.domain.fax import Evidence
from faxhooks.providers.signalwire.words import DOCUMENTED

from .requests import ADAPTER, FORM, HOOK, form, query, relay, signed_string, vector

GENUINE = vector("V1_post_form")
FIELDS = sorted(GENUINE.fields)
Pairs = list[tuple[str, str]]


def cause(callback: Callback) -> str:
    with pytest.raises(AuthenticityError) as caught:
        ADAPTER.verify(callback)
    return caught.value.cause


def under_the_same_signature(fields: Pairs, genuine: Callback = GENUINE) -> Callback:
    return replace(genuine, body=urlencode(fields).encode())


def merged(first: tuple[str, str], second: tuple[str, str]) -> Iterator[Pairs]:
    """Two fields as one, cut into name and value at every place."""
    text = "".join(first + second)
    for end in range(len(text) + 1):
        yield [(text[:end], text[end:])]


def shifted(first: tuple[str, str], second: tuple[str, str]) -> Iterator[Pairs]:
    """Two fields with each of their three borders at every place, one at a time."""
    text, ends = "".join(first + second), [len(first[0]), len("".join(first))]
    ends.append(ends[1] + len(second[0]))
    for border in range(3):
        for place in range(len(text) + 1):
            a, b, c = sorted([*ends[:border], place, *ends[border + 1 :]])
            yield [(text[:a], text[a:b]), (text[b:c], text[c:])]


def test_no_two_neighbours_may_be_merged_or_cut_elsewhere():
    tried = fitting = 0
    for place, (first, second) in enumerate(pairwise(FIELDS)):
        for cut in [*merged(first, second), *shifted(first, second)]:
            fields = FIELDS[:place] + cut + FIELDS[place + 2 :]
            if sorted(fields) == FIELDS:
                continue
            tried += 1
            fitting += cause(under_the_same_signature(fields)) == "ambiguous"
    assert tried > 2_500
    assert fitting > 900, "the signature fits, so only the look at the names refuses it"


def test_no_cut_at_all_of_a_short_form_is_accepted_but_the_true_one():
    """Every way to cut it into up to three fields, where the signed string stays the same."""
    fields = {"FaxSid": "ab1", "FaxStatus": "busy", "To": "+1"}
    genuine, text = form(fields), signed_string(fields)
    accepted, fitting = [], 0
    for count in (1, 2, 3):
        for ends in combinations_with_replacement(range(len(text) + 1), 2 * count - 1):
            parts = [text[a:b] for a, b in pairwise((0, *ends, len(text)))]
            cut = list(zip(parts[::2], parts[1::2], strict=True))
            if signed_string(cut) != text:
                continue
            fitting += 1
            try:
                ADAPTER.verify(under_the_same_signature(cut, genuine))
            except AuthenticityError:
                continue
            accepted.append(dict(cut))
    assert fitting > 1_000
    assert accepted == [fields]


@pytest.mark.parametrize(
    "name",
    [
        "QualityOrder",
        "ToCountry",
        "FromCity",
        "CallSid",
        "SipCallId",
        "FaxDuration",
        "FaxStatusReason",
        "ErrorCodeSource",
        "MediaUrlExpires",
        "Zone",
        "aNewOne",
        "new-one",
        "_new",
        "Größe",
    ],
)
@pytest.mark.parametrize("value", ["", "1", "To be seen", "https://example.com/?To=1"])
def test_new_parameters_are_accepted_when_they_are_signed(name, value):
    assert ADAPTER.verify(form([*FIELDS, (name, value)])) is Evidence.SIGNED


plain_values = st.text("abcxyz0189 +-.:/?=&%@", max_size=24)


@settings(max_examples=200, deadline=None, database=None)
@given(st.dictionaries(st.sampled_from(sorted(DOCUMENTED)), plain_values, min_size=1))
def test_no_genuine_form_is_refused_whatever_parameters_are_missing(fields):
    assert ADAPTER.verify(form(fields)) is Evidence.SIGNED


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/To/RemoteStationId/Timestamp.pdf",
        "https://example.com/f.pdf?Timestamp=20260113&RemoteStationId=1",
        "https://example.com/f.pdf?exportTimestamp=20260113",
        "https://example.com/My_Timestamp-Pages.pdf",
    ],
)
def test_the_address_of_a_document_may_hold_the_names_of_parameters(address):
    fields = {"FaxSid": "f1", "FaxStatus": "sending", "OriginalMediaUrl": address, "To": "+1"}
    assert ADAPTER.verify(form(fields)) is Evidence.SIGNED


def test_a_query_of_the_hooks_own_is_no_part_of_the_form():
    fields = {"FaxSid": "f1", "FaxStatus": "busy"}
    assert ADAPTER.verify(form(fields, target=f"{HOOK}?tenant=acme&page=ToDo")) is Evidence.SIGNED


@pytest.mark.parametrize("body", [b'{"a":1}', b" {}", b"[1]", b'"x"', b"\xff"])
def test_json_may_be_posted_to_a_hook_with_a_query(body):
    assert ADAPTER.verify(relay(body, target=f"{HOOK}?tenant=acme")) is Evidence.SIGNED


def test_a_query_that_is_a_form_run_together_is_refused():
    genuine = form({"FaxSid": "f1", "FaxStatus": "busy"}, target=f"{HOOK}?tenant=acme")
    target = f"{HOOK}?tenant=acmeFaxSidf1FaxStatusbusy"
    assert cause(replace(genuine, method="GET", target=target, body=b"")) == "ambiguous"
    nested = {"FaxSid": "f1", "OriginalMediaUrl": "https://example.com/?FaxSid=f0"}
    assert ADAPTER.verify(query(nested)) is Evidence.SIGNED


def test_a_form_of_nothing_but_marks_is_refused():
    for name in ("", "?tenant=acme", "/fax", "=", "7", "{}"):
        assert cause(form([*FIELDS, (name, "")])) == "ambiguous"
    assert FORM["content-type"] == GENUINE.content_type
