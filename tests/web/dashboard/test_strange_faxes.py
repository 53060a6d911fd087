"""Two hundred hostile strings in every field that a remote party or a colleague can fill: on
the pages of faxes they stay text, and on paper too.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import find, settings
from markupsafe import escape

from faxhooks.services.exhibiting import legible
from faxhooks.services.keys import create_key
from faxhooks.services.tagging import retag
from tests.providers.strange import SCALARS
from tests.story import Service, make_service
from tests.web.dashboard.test_shell import HOSTILE, Shape
from tests.web.dashboard.visitor import Visitor

HARMLESS: Final = "harmless"
TEXTS: Final = [f"{text}." for text in HOSTILE]
"""With a full stop, since a text of blanks alone says nothing and is shown as that."""
FIELDS: Final = "from,to,error,remote_station_id,tags,media_url,provider_fax_id,references"
BATCH: Final = 20
"""Faxes whose strings are looked at together, on a page of the list."""


@pytest.fixture(scope="module")
def service(databases: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = make_service(databases.sqlite(tmp_path_factory.mktemp("strange") / "faxhooks.db"))
    yield made
    made.parts.database.engine.dispose()


@pytest.fixture(scope="module")
def sender(service: Service) -> Visitor:
    scopes = ["read", "send"]
    _, key = service.parts.database.write(lambda session: create_key(session, "x", scopes))
    return Visitor(service.app).sign_in_with(key)


def remembered(service: Service, sid: str, text: str) -> str | None:
    """The id of a fax with the text in every field that takes it; None where all of the
    callback was too strange to be read.
    """
    names = ["To", "From", "RemoteStationId", "ErrorMessage", "MediaUrl"]
    words = dict.fromkeys(names, text) | {"ErrorCode": text[:20]}
    answer = service.hook.signalwire(FaxSid=sid, FaxStatus="failed", **words)
    assert answer.status_code == 200
    found = service.api.faxes(f"?provider_fax_id={sid}")
    if not found:
        return None
    fax_id = str(found[0]["id"])
    tags = {"note": "".join(char for char in text if char.isprintable())[:256] or "x"}
    service.parts.database.write(
        lambda session: retag(session, UUID(fax_id), tags, actor="test", accounts=None)
    )
    return fax_id


def shape_of(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """The elements and the names of their attributes. A `div` may have a class or not: a value
    that is long takes the width of the report.
    """
    elements = Shape(page).elements
    return [(tag, () if tag == "div" else names) for tag, names in elements]


def test_hostile_strings_stay_text_on_every_page_of_a_fax(
    service: Service, sender: Visitor
) -> None:
    assert len(TEXTS) >= 200
    harmless = remembered(service, "harmless", HARMLESS)
    views: list[Callable[[Any], str]] = [
        lambda fax: f"/faxes/{fax}",
        lambda fax: f"/faxes/{fax}/parts",
        lambda fax: f"/faxes/{fax}/report",
    ]
    expected = [shape_of(sender.get(view(harmless)).text) for view in views]
    for number, text in enumerate(TEXTS):
        fax = remembered(service, f"hostile-{number}", text)
        for view, elements in zip(views, expected, strict=True):
            page = sender.get(view(fax))
            assert page.status_code == 200
            assert shape_of(page.text) == elements, (text, view(fax))
        stripped = text.strip()[:40]
        assert str(escape(stripped)) in sender.get(f"/faxes/{fax}").text, text


def test_hostile_strings_stay_text_in_the_list(service: Service, sender: Visitor) -> None:
    for start in range(0, len(TEXTS), BATCH):
        texts = TEXTS[start : start + BATCH]
        ids = [remembered(service, f"listed-{start + n}", text) for n, text in enumerate(texts)]
        page = sender.get(f"/faxes?limit={BATCH}&fields={FIELDS}")
        assert page.status_code == 200
        rows = re.findall(r'<tr>\s*<th scope="row".*?</tr>', page.text, re.DOTALL)
        assert len(rows) == BATCH
        assert {re.findall(r"/faxes/([0-9a-f-]{36})", row)[0] for row in rows} == set(ids)
        assert len({str(shape_of(row)) for row in rows}) == 1, texts


def test_hostile_addresses_and_searches_stay_text(sender: Visitor) -> None:
    plain = shape_of(sender.get("/faxes/find?search=nothing-of-this").text)
    for text in TEXTS:
        page = sender.get(f"/faxes?{urlencode({'tag.x': text})}")
        assert page.status_code == 200
        assert str(escape(text.strip()[:40])) in page.text
        assert sender.get(f"/faxes?{urlencode({text: 'x', 'status': text})}").status_code == 400
        found = sender.get(f"/faxes/find?{urlencode({'search': f'no {text}'})}")
        assert found.status_code == 200
        assert shape_of(found.text) == plain, text


def test_hostile_strings_break_no_report_on_paper(service: Service, sender: Visitor) -> None:
    for number, text in enumerate(TEXTS[:: len(TEXTS) // 8]):
        fax = remembered(service, f"paper-{number}", text)
        paper = sender.get(f"/faxes/{fax}/report.pdf")
        assert paper.status_code == 200
        assert paper.data.startswith(b"%PDF-")
        assert b"/JavaScript" not in paper.data


def test_what_a_careless_reader_would_stumble_over_breaks_no_page(
    service: Service, sender: Visitor
) -> None:
    """The strange values that providers' readers are tried with, as words of a form."""
    seen: list[str] = []

    def keep(value: Any) -> bool:
        seen.append(legible(str(value).encode("utf-8", "replace"))[:300])
        return len(seen) >= 60

    find(SCALARS, keep, settings=settings(max_examples=200, database=None))
    faxes = [remembered(service, f"strange-{n}", text) for n, text in enumerate(seen[:60])]
    told = [fax for fax in faxes if fax is not None]
    assert len(told) > 20
    for fax in told:
        for path in ("", "/report"):
            assert sender.get(f"/faxes/{fax}{path}").status_code == 200
    assert sender.get(f"/faxes?limit=60&fields={FIELDS}").status_code == 200
