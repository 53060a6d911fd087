"""What a remote party may write, and what is made of it."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Number
from faxhooks.providers import reading


def refusal(read, *given):
    """The text with which a reader refuses."""
    with pytest.raises(UnreadableError) as error:
        read(*given)
    return str(error.value)


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_json_does_not_have_is_refused(constant):
    body = f'{{"pages": {constant}}}'.encode()
    assert refusal(reading.json_object, body) == f"{constant}: JSON has no such number"


@pytest.mark.parametrize("number", ["1e999", "-1E400", "9" * 400 + ".0"])
def test_a_number_that_would_become_an_infinity_is_refused(number):
    assert refusal(reading.json_object, b'{"a":%s}' % number.encode()).startswith("too large: ")


def test_a_million_digits_are_refused_quickly():
    assert refusal(reading.json_object, b'{"a":' + b"9" * 1_000_000 + b"}").startswith("unpars")


def test_thirty_two_levels_are_read_and_thirty_three_are_not():
    assert reading.json_object(nested(32))
    assert refusal(reading.json_object, nested(33)).startswith("too deep: ")


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"a":' + b"[{" * 50_000, b"[" * 33 + b'"']
)
def test_any_number_of_brackets_is_too_deep(body):
    assert refusal(reading.json_object, body).startswith("too deep: ")


@pytest.mark.parametrize("text", ["[" * 100, '\\"[' * 100, "\\\\", '{"' * 40])
def test_brackets_within_a_text_are_text(text):
    body = {"a": text, "b": ["]"]}
    assert reading.json_object(json.dumps(body).encode()) == body


def test_many_brackets_side_by_side_are_not_deep():
    body = {"a": [[] for _ in range(1000)]}
    assert reading.json_object(json.dumps(body).encode()) == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"a":1}x',
        b"a=1&b=2",
        b"\xef\xbb\xbf{}",
        b'{"a":"\0"}',
        b"]" * 99,
        b"{'a':1}",
    ],
)
def test_what_is_not_json_is_refused(body):
    assert refusal(reading.json_object, body) == "unparsable: the body is not JSON"


@pytest.mark.parametrize("body", [b"1", b'"a"', b"null", b"true", b"[{}]"])
def test_json_that_is_no_object_is_refused(body):
    assert refusal(reading.json_object, body) == "unparsable: the body is not a JSON object"


@pytest.mark.parametrize("body", [b'{"a":"\xff"}', '{"a":1}'.encode("utf-16")])
def test_bytes_that_are_not_utf_8_are_refused(body):
    assert refusal(reading.json_object, body) == "unparsable: the body is not UTF-8"


@pytest.mark.parametrize("where", ['{"a":"%s"}', '{"%s":1}', '{"a":[{"b":["%s"]}]}'])
@pytest.mark.parametrize(
    ("written", "kind"), [("\\u0000", "NUL: "), ("x\\ud800", "surrogate: "), ("\\udc00x", "surr")]
)
def test_a_nul_or_half_a_character_is_refused_wherever_it_is(where, written, kind):
    assert refusal(reading.json_object, (where % written).encode()).startswith(kind)


def test_a_character_beyond_the_basic_plane_is_a_text_like_any_other():
    assert reading.json_object(b'{"a":"\\ud83d\\udce0"}') == {"a": "\U0001f4e0"}


def test_a_text_field_is_the_first_that_says_something():
    fields = {"a": None, "b": "", "c": "  ", "d": " x ", "e": "y"}
    assert reading.text(fields, "a", "b", "missing", "c", "d", "e") == "x"
    assert reading.text(fields, "a", "b", "c") is None
    assert reading.text({"a": 0}, "a") == "0"


@pytest.mark.parametrize("value", [True, False, [], ["x"], {}, {"a": "b"}])
def test_a_text_field_of_another_type_is_refused(value):
    assert refusal(reading.text, {"id": value}, "id") == "wrong type: id is not a text"


def test_a_text_that_no_database_could_keep_is_refused_wherever_it_came_from():
    assert refusal(reading.text, {"id": "a\0"}, "id") == "NUL: id holds a NUL character"
    assert refusal(reading.text, {"id": "a\udcff"}, "id") == "surrogate: id holds half a character"


def test_an_id_may_have_200_characters_and_a_text_4096():
    assert reading.identifier({"id": "x" * 200}, "id") == "x" * 200
    assert refusal(reading.identifier, {"id": "x" * 201}, "id").startswith("too long: id ")
    assert reading.text({"id": "x" * 4096}, "id") == "x" * 4096
    assert refusal(reading.text, {"id": "x" * 4097}, "id").startswith("too long: id ")


def test_an_integer_of_4300_digits_is_too_long_for_an_id():
    fields = reading.json_object(b'{"id":%s}' % (b"9" * 4300))
    assert refusal(reading.identifier, fields, "id").startswith("too long: id ")


@pytest.mark.parametrize(
    ("value", "pages"),
    [(0, 0), (7, 7), (1.0, 1), (-0.0, 0), ("3", 3), (" 3 ", 3), ("007", 7), (100_000, 100_000)],
)
def test_a_whole_number_may_be_written_in_several_ways(value, pages):
    found = reading.count({"pages": value}, "pages")
    assert (found, type(found)) == (pages, int)


@pytest.mark.parametrize(
    "value", [True, False, 1.5, "1.0", "-1", "+1", "1e3", "one", "\u0661", [1], {}, float("inf")]
)
def test_what_is_no_whole_number_is_refused(value):
    assert refusal(reading.count, {"n": value}, "n") == "wrong type: n is not a whole number"


@pytest.mark.parametrize("value", [-1, 100_001, 2**31, 2**70, 10**4000, 1e300, "999999999"])
def test_an_impossible_number_is_refused(value):
    assert refusal(reading.count, {"n": value}, "n") == "impossible: n is not between 0 and 100000"


def test_a_blank_number_says_nothing():
    assert reading.count({"a": None, "b": "", "c": 2}, "a", "b", "missing", "c") == 2
    assert reading.count({}, "a") is None


@pytest.mark.parametrize(
    ("value", "amount"),
    [(1, "1"), (1.0, "1"), (0, "0"), (0.5, "0.5"), ("0.0050", "0.0050"), (" 2 ", "2"), ("", None)],
)
def test_an_amount_is_a_plain_decimal_as_it_was_written(value, amount):
    assert reading.amount({"cost": value}, "cost") == amount


@pytest.mark.parametrize("value", [-1, "-0.5", "1,5", "1e3", "$1", 1e300, True, [1], "9" * 13])
def test_what_is_no_amount_is_refused(value):
    assert refusal(reading.amount, {"cost": value}, "cost").startswith("wrong type: cost ")


def test_a_nested_object_may_be_absent_but_not_something_else():
    assert reading.mapping({"a": {"b": 1}}, "a") == {"b": 1}
    assert reading.mapping({"a": None}, "a") == reading.mapping({}, "a") == {}
    assert refusal(reading.mapping, {"a": []}, "a") == "wrong type: a is not an object"


@pytest.mark.parametrize(
    "raw",
    ["+13343040100", "+1 334-304-0100", "+1 (334) 304.0100", "+1\u00a0334\u2011304\u20130100"],
)
def test_a_number_is_e164_without_its_decoration(raw):
    assert reading.number({"to": raw}, "to") == Number("+13343040100", raw)


@pytest.mark.parametrize(
    "raw",
    [
        "0013343040100",
        "13343040100",
        "+0123456789",
        "+1 334-304-xxxx",
        "+12345",
        "+1234567890123456",
        "sip:fax@example.org",
        "490ae330dbc749f0b6561dafa300f2fb",
        "anonymous",
        "+\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
    ],
)
def test_what_is_not_surely_e164_stays_as_it_came(raw):
    assert reading.number({"to": raw}, "to") == Number(raw, raw)


def test_an_empty_number_is_none():
    assert reading.number({"to": " "}, "to") is None


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2024-09-09 10:44:39", datetime(2024, 9, 9, 10, 44, 39, tzinfo=UTC)),
        (" 2024-09-09T10:44:39Z ", datetime(2024, 9, 9, 10, 44, 39, tzinfo=UTC)),
        ("2024-09-09T10:44:39.5-04:00", datetime(2024, 9, 9, 14, 44, 39, 500_000, tzinfo=UTC)),
        ("2024-09-09 10:44:39 +0000", datetime(2024, 9, 9, 10, 44, 39, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_into_utc(written, utc):
    found = reading.moment(written)
    assert (found, found.tzinfo) == (utc, UTC)


def test_a_time_without_a_zone_is_in_the_given_one_and_a_zone_of_its_own_wins():
    zone = ZoneInfo("America/New_York")
    assert reading.moment("2024-09-09 10:44:39", zone).hour == 14
    assert reading.moment("2024-01-09 10:44:39", zone).hour == 15
    assert reading.moment("2024-09-09 10:44:39Z", zone).hour == 10


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "2024-09-09",
        "20240909110",
        "1712120300123",
        "2024-13-09 10:44:39",
        "2024-09-09 24:00:01",
        "2023-02-29 10:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "12024-09-09 10:44:39",
        "2024-09-09 10:44:39\udcff",
        "\uff12\uff10\uff12\uff14-09-09 10:44:39",
    ],
)
def test_what_is_no_time_is_none(written):
    assert reading.moment(written) is None


@pytest.mark.parametrize("seconds", [1725893079, 1725893079.0, "1725893079", "1725893079.0"])
def test_unix_seconds_are_read_into_utc(seconds):
    assert reading.epoch(seconds) == datetime(2024, 9, 9, 14, 44, 39, tzinfo=UTC)


@pytest.mark.parametrize(
    "seconds",
    [None, True, "", "soon", [], {}, 1e18, -1e18, 10**400, "1e999", "nan", float("nan"), "\udcff"],
)
def test_what_is_no_unix_time_is_none(seconds):
    assert reading.epoch(seconds) is None


def test_a_digest_tells_values_apart_but_not_absent_from_empty():
    assert reading.digest_of("a", None) == reading.digest_of("a", "")
    said = [("a", "b"), ("ab", ""), ("", "ab"), ("b", "a"), (1, "a"), ("1", "a"), ("a", "b", "")]
    assert len({reading.digest_of(*values) for values in said}) == len(said)
    assert len(reading.digest_of("\udcff", {"b": 1, "a": None})) == 32


def test_a_refusal_names_the_field_and_never_its_value():
    for read in (reading.count, reading.identifier, reading.number):
        assert "secret" not in refusal(read, {"field": ["secret"]}, "field")
