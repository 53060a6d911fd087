"""Two hundred hostile strings in what a provider sends: none runs, and none breaks a page."""

import re
from typing import Final

from markupsafe import escape

from faxhooks.services.exhibiting import legible
from faxhooks.services.keys import SCOPES, create_key
from tests.story import Service, make_service
from tests.web.dashboard.test_shell import HOSTILE, Shape
from tests.web.dashboard.visitor import Visitor

ROWS: Final = 25


def reader_of(service: Service) -> Visitor:
    _, key = service.parts.database.write(lambda session: create_key(session, "all", SCOPES))
    return Visitor(service.app).sign_in_with(key)


def sent(service: Service, texts: list[str], batch: int) -> None:
    """Callbacks that nobody understands, with the text wherever a provider may put one."""
    for n, text in enumerate(texts):
        form = {"FaxSid": f"f{batch}-{n}", "To": text, "ErrorMessage": text}
        assert service.hook.signalwire(**form, FaxStatus=f"{text}…").status_code == 200


def test_hostile_strings_stay_text_on_every_page_of_callbacks(sqlite_url: str) -> None:
    service = make_service(sqlite_url)
    reader, listed = reader_of(service), f"/callbacks?verdict=unrecognized&limit={ROWS}"
    reasons: set[str] = set()
    for batch in (0, 1):  # With as many more as a next page takes.
        sent(service, [f"harmless {n}" for n in range(ROWS)], batch)
    harmless = reader.get(listed).text
    contents = [f"{each}/content" for each in re.findall(r'"(/callbacks/[0-9a-f-]{36})"', harmless)]
    shapes = [Shape(harmless).elements, Shape(reader.get(contents[0]).text).elements]
    reasons |= {each["reason"] for each in service.api.get(f"/callbacks?limit={ROWS}").json["data"]}
    for batch in range(0, len(HOSTILE), ROWS):
        texts = HOSTILE[batch : batch + ROWS]
        sent(service, texts, batch + 2)
        page = reader.get(listed).text
        assert Shape(page).elements == shapes[0]
        known = service.api.get(listed).json["data"]
        reasons |= {each["reason"] for each in known}
        for each in known:
            assert str(escape(each["reason"])) in page
        shown = re.findall(r'"(/callbacks/[0-9a-f-]{36})"', page)
        content = reader.get(f"{shown[0]}/content").text  # The newest: the last of the batch.
        assert Shape(content).elements == shapes[1]
        assert str(escape(legible(texts[-1].encode()))) in content
    tried = reader.fill("/callbacks/replay?verdict=unrecognized", on="/callbacks", step="try").text
    assert Shape(tried).elements.count(("script", ("type", "src"))) == 1
    assert tried.count("would still not be understood") == len(reasons)
    assert all(str(escape(reason)) in tried for reason in reasons)
    service.parts.database.engine.dispose()
