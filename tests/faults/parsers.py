"""Everything that reads what a stranger wrote: what it is given, and how it may refuse."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from faxhooks.db.faxlists import Bookmark
from faxhooks.domain.callback import FORM, Callback
from faxhooks.domain.errors import AuthenticityError, InvalidInputError, UnreadableError
from faxhooks.providers import reading
from faxhooks.providers.signalwire import parameters
from faxhooks.services.cursors import Cursors
from tests.providers.contract import check
from tests.providers.recorded import ARRIVED, ORIGIN
from tests.providers.signalwire.requests import ADAPTER, SHA256, SIGNATURE, VECTORS, vector
from tests.providers.strange import (
    BODIES,
    HEADERS,
    SCALARS,
    TARGETS,
    altered_forms,
    altered_posts,
    post,
    values,
)
from tests.story import SECRET

ZONES: Final = (UTC, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia"))
CURSORS: Final = Cursors([SECRET])
_PLACE: Final = (ARRIVED, UUID(int=7))
_BOOKMARK: Final = Bookmark(ARRIVED, UUID(int=7), 3, frozenset())
_LIST: Final = {"list": "of faxes"}
_MADE: Final = (CURSORS.make(_LIST, _PLACE), CURSORS.make_walk(_LIST, _BOOKMARK))


@dataclass(frozen=True)
class Parser:
    """`read` may raise the `refusal`, and nothing else whatever it is given."""

    given: st.SearchStrategy[Any]
    read: Callable[[Any], object]
    refusal: type[Exception] | tuple[type[Exception], ...] = UnreadableError


def _near(*texts: str) -> st.SearchStrategy[str]:
    """Any text, and these texts with a stretch of them replaced by another."""

    @st.composite
    def changed(draw: st.DrawFn) -> str:
        text = draw(st.sampled_from(texts))
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, len(text)))
        return text[:start] + draw(st.text(max_size=6)) + text[end:]

    return st.one_of(changed(), st.text(max_size=60))


def _read_times(written: str) -> None:
    for zone in ZONES:
        found = reading.moment(written, zone)
        assert found is None or found.tzinfo is UTC
    said = parameters.moment(written)
    assert said is None or said.tzinfo is UTC


def _read_epoch(seconds: object) -> None:
    found = reading.epoch(seconds)
    assert found is None or found.tzinfo is UTC


def _read_signatures(given: tuple[str, str, str]) -> None:
    name, header, value = given
    callback = vector(name)
    ADAPTER.verify(replace(callback, headers={**callback.headers, header: value}))


def _read_cursor(cursor: str) -> None:
    for read in (CURSORS.read, CURSORS.read_walk):
        try:
            read(_LIST, cursor)
        except InvalidInputError:
            continue


_FORMS: Final = st.one_of(
    st.builds(post, BODIES, st.just(FORM)),
    st.builds(lambda target: Callback("GET", ORIGIN, target, {}, b"", ARRIVED), TARGETS),
)
_TIMES: Final = (
    "2026-01-13T21:54:46Z",
    "2024-09-09 10:44:39",
    "9999-12-31T23:59:59.999999-14:00",
    "0001-01-01 00:00:00+14:00",
    "Tue, 13 Jan 2026 21:54:46 +0000",
    "13 Jan 2026 21:54 EST",
)
_NUMBERS: Final = ("+13104456789", "+1 334-304-0100", "(310) 445 6789", "490ae330dbc749f0")
_HEADERS: Final = st.tuples(
    st.sampled_from(list(VECTORS)),
    st.sampled_from([SIGNATURE, SHA256]),
    _near("c5Tf6yE7I7Ug4jGFORFSMohi2VE=", "b30a39941ec365b514c5104bda39744ccf5c38c3"),
)


def _documents(name: str) -> st.SearchStrategy[bytes]:
    return values(name).map(lambda said: json.dumps(said).encode())


PARSERS: Final[Mapping[str, Parser]] = {
    "form": Parser(_FORMS, lambda callback: callback.fields),
    "json": Parser(st.one_of(BODIES, _documents("faxplus")), reading.json_object),
    "time": Parser(_near(*_TIMES), _read_times, ()),
    "epoch": Parser(SCALARS, _read_epoch, ()),
    "phone": Parser(
        st.one_of(SCALARS, _near(*_NUMBERS)), lambda said: reading.number({"To": said}, "To")
    ),
    "count": Parser(SCALARS, lambda said: reading.count({"Pages": said}, "Pages")),
    "signature": Parser(_HEADERS, _read_signatures, AuthenticityError),
    "cursor": Parser(_near(*_MADE), _read_cursor, ()),
    **{
        f"{name} {kind}": Parser(given, lambda said, name=name: check(name, said))
        for name in ("signalwire", "faxplus")
        for kind, given in (
            (
                "request",
                st.builds(
                    lambda method, target, headers, body: Callback(
                        method, ORIGIN, target, headers, body, ARRIVED
                    ),
                    st.sampled_from(["POST", "GET", "PUT", ""]),
                    TARGETS,
                    HEADERS,
                    BODIES,
                ),
            ),
            ("post", altered_posts(name)),
            ("query", altered_forms(name).map(lambda both: both[0])),
            ("form", altered_forms(name).map(lambda both: both[1])),
        )
    },
}
