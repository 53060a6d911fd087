"""A form is read as the standard library reads it."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faxhooks.domain.callback import FORM, MAX_FIELDS, Callback
from faxhooks.domain.errors import UnreadableError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WRITTEN = st.text(st.sampled_from("a=&+%;2BcC3éa9\ud7ff0 \x00\udc80"), max_size=40)


def fields_of(body: bytes) -> tuple[tuple[str, str], ...]:
    headers = {"content-type": FORM}
    return Callback("POST", "https://a.example", "/", headers, body, NOW).fields


def fields_in(query: str) -> tuple[tuple[str, str], ...]:
    return Callback("GET", "https://a.example", f"/?{query}", {}, b"", NOW).fields


@given(WRITTEN)
@example("a=1&&b&=c&a=%2B1+2&d=%c3%a9&e=%zz&f=%")
@example("%C3=%A9")
@example("é=%C3é")
@example("%\udc80")
def test_a_form_is_read_as_the_standard_library_reads_it(written: str) -> None:
    try:
        expected = parse_qsl(written, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(UnreadableError, match="not UTF-8"):
            fields_in(written)
    else:
        assert list(fields_in(written)) == expected


def test_a_body_is_read_as_a_query_is_and_must_be_utf_8() -> None:
    assert fields_of("é=%C3%A9&b=+".encode()) == (("é", "é"), ("b", " "))
    with pytest.raises(UnreadableError, match="not UTF-8"):
        fields_of(b"a=\xff")


def test_a_form_has_two_hundred_fields_at_most() -> None:
    assert len(fields_of(b"&".join([b"a=1"] * MAX_FIELDS))) == MAX_FIELDS
    with pytest.raises(UnreadableError, match="more than 200"):
        fields_of(b"&".join([b"a=1"] * (MAX_FIELDS + 1)))
