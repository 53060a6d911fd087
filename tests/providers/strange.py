"""Requests that a careless reader would stumble over, made of a provider's own words."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import strategies as st

from faxhooks.domain.callback import FORM, Callback
from tests.providers.recorded import ARRIVED, ORIGIN, requests_of

Path = tuple[str, ...]

HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "x-signalwire-signature", "x-twilio-signature", "host"]),
    st.one_of(
        st.sampled_from(["application/json", FORM, f"{FORM}; charset=utf-16", "=", "text/plain"]),
        st.text(st.characters(max_codepoint=255), max_size=60),
    ),
)
TARGETS = st.one_of(
    st.just("/hooks/x/TOKEN"),
    st.text(st.characters(max_codepoint=255), max_size=60).map(lambda text: f"/hooks/x/T?{text}"),
    st.binary(max_size=60).map(lambda raw: "/?" + raw.decode("utf-8", "surrogateescape")),
)
BODIES = st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**31, 2**63, 10**400, -1, 0.5, 1e308, "", " ", "0", "\0", "\u202e"]),
    st.sampled_from(["x" * 201, "x" * 5000, "9999-12-31T23:59:59-14:00", "failed_fs_99999"]),
    st.floats(),
    st.text(st.characters(), max_size=30),
    st.text(st.characters(categories=["Cs"]), max_size=2),
)


@dataclass(frozen=True)
class Spoken:
    """A provider's words, and the forms and JSON objects of its recorded requests."""

    words: tuple[str, ...]
    forms: tuple[dict[str, str], ...]
    objects: tuple[dict[str, Any], ...]


@cache
def spoken(name: str) -> Spoken:
    forms, objects = [], []
    for request in requests_of(name):
        if request.body.startswith(b"{"):
            objects.append(json.loads(request.body))
        else:
            forms.append(dict(parse_qsl(request.body.decode() or request.query)))
    found = [place for said in [*forms, *objects] for place in leaves(said)]
    words = {word for path, _ in found for word in path}
    words |= {leaf for _, leaf in found if isinstance(leaf, str)}
    return Spoken(tuple(sorted(words)), tuple(forms), tuple(objects))


def leaves(said: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place in an object, with what is there."""
    for key, value in said.items():
        yield (*path, key), value
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))


def altered(said: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The object with another value at one place, which an earlier change may have removed."""
    key, *rest = path
    inner = said.get(key)
    if rest:
        value = altered(inner if isinstance(inner, dict) else {}, tuple(rest), value)
    return said | {key: value}


def post(body: bytes, content_type: str | None = None) -> Callback:
    headers = {} if content_type is None else {"content-type": content_type}
    return Callback("POST", ORIGIN, "/hooks/x/TOKEN", headers, body, ARRIVED)


@cache
def values(name: str) -> st.SearchStrategy[Any]:
    """Any JSON value, with the provider's words in likely and unlikely places."""
    words = st.sampled_from(spoken(name).words)
    return st.recursive(
        st.one_of(words, SCALARS),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=4)
        ),
        max_leaves=6,
    )


@st.composite
def altered_posts(draw: st.DrawFn, name: str) -> Callback:
    """A recorded JSON post with strange values in a few places."""
    said = draw(st.sampled_from(spoken(name).objects))
    for path in draw(st.lists(st.sampled_from([path for path, _ in leaves(said)]), max_size=2)):
        said = altered(said, path, draw(values(name)))
    written = json.dumps(said, ensure_ascii=draw(st.booleans()))
    return post(written.encode("utf-8", "surrogatepass"))


@st.composite
def altered_forms(draw: st.DrawFn, name: str) -> tuple[Callback, Callback]:
    """The fields of a recorded form, some strange or gone, as a query and as a form."""
    words = st.sampled_from(spoken(name).words)
    strange = st.sampled_from(["", " ", "\0", "x" * 201, "-1", "1e999", "9" * 5000])
    value = st.one_of(words, strange, st.text(max_size=30), st.binary(max_size=8))
    fields = draw(st.sampled_from([*spoken(name).forms, {}]))
    fields = fields | draw(st.dictionaries(words, value, max_size=4))
    gone = draw(st.lists(words, max_size=3))
    form = urlencode([(key, value) for key, value in fields.items() if key not in gone])
    query = Callback("GET", ORIGIN, f"/hooks/x/TOKEN?{form}", {}, b"", ARRIVED)
    return query, post(form.encode(), FORM)
