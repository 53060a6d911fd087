"""The records of a list come as they stood in it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faxhooks.domain.errors import UnreadableError
from faxhooks.providers.records import cut_records

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def test_the_bytes_are_those_of_the_answer() -> None:
    body = b' {"a": [0], "data" : {"records":[ {"id" : 1.50} ,\n "]," , {}]}} '
    assert cut_records(body, ("data", "records")) == [b'{"id" : 1.50}', b'"],"', b"{}"]


@pytest.mark.parametrize(
    "body", [b'{"data":{"records":[1]}}', b'{"data":[1]}', b'{"records":[1]}', b"[1]"]
)
def test_the_first_list_that_a_path_leads_to_is_it(body: bytes) -> None:
    assert cut_records(body, ("data", "records"), ("data",), ("records",), ()) == [b"1"]


def test_an_empty_list_is_a_list_and_none_is_none() -> None:
    assert cut_records(b'{"faxes": [ ]}', ("faxes",)) == []
    assert cut_records(b'{"faxes": {}}', ("faxes",)) is None
    assert cut_records(b'"faxes"', ("faxes",)) is None


def test_of_two_of_a_name_the_last_counts_as_in_any_reading() -> None:
    assert cut_records(b'{"faxes": [1], "faxes": [2]}', ("faxes",)) == [b"2"]


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b'{"faxes": [1]', b"\xff", b"[" * 100_000])
def test_what_is_no_json_has_no_records(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="unparsable"):
        cut_records(body, ("faxes",))


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(
    st.lists(VALUES, max_size=4),
    st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
    st.sampled_from([None, 1]),
)
def test_records_read_alone_are_those_read_together(records, beside, indent) -> None:
    body = json.dumps({**beside, "data": {**beside, "records": records}}, indent=indent).encode()
    found = cut_records(body, ("data", "records"))
    assert [json.loads(each) for each in found] == records
    assert all(each in body for each in found)
