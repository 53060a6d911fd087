"""What every page keeps to: roles, masks, headers, and text that stays text."""

import re
from html.parser import HTMLParser
from itertools import product
from typing import Any, Final
from uuid import uuid4

import pytest
from flask import render_template
from markupsafe import escape
from werkzeug.test import TestResponse

from faxhooks.services.overviewing import SHOWN
from faxhooks.web.auth import requires
from faxhooks.web.dashboard.shell import POLICY, make_pages
from tests.story import PUBLIC_URL, Service, make_service
from tests.web.dashboard.holders import holding
from tests.web.dashboard.visitor import Visitor, let_in

NUMBER: Final = "+13105550177"


def test_a_role_opens_what_its_scopes_open(service: Service) -> None:
    probe = make_pages("probe")
    for scope in ("read", "raw", "send", "admin"):
        view = requires(scope)(lambda: "opened")
        probe.add_url_rule(f"/probe/{scope}", scope, view)
    service.app.register_blueprint(probe)
    viewer, admin = let_in(service, "vera"), let_in(service, "ada", "admin")
    for scope in ("read", "raw", "send", "admin"):
        assert admin.get(f"/probe/{scope}").text == "opened"
    assert viewer.get("/probe/read").text == "opened"
    for scope in ("raw", "send", "admin"):
        refused = viewer.get(f"/probe/{scope}")
        assert refused.status_code == 403
        assert f"This user has not the scope <code>{scope}</code>" in refused.text
        assert "sign out and in again as somebody who may" in refused.text


@pytest.mark.parametrize(
    ("masks", "role", "shown"),
    [(True, "viewer", False), (True, "admin", True), (False, "viewer", True)],
)
def test_numbers_are_masked_where_the_setting_says_so(
    sqlite_url: str, masks: bool, role: str, shown: bool
) -> None:
    service = make_service(sqlite_url, dashboard_mask_numbers=masks)
    _contradict(service, "f1", To=NUMBER)
    page = let_in(service, "ada", role).get("/").text
    assert (NUMBER in page) is shown
    assert ("+13•••••77" in page) is not shown
    service.parts.database.engine.dispose()


@pytest.mark.parametrize("path", ["/", "/sign-in", "/today/parts", "/?span=week", "/?span=aeon"])
def test_a_page_runs_nothing_from_elsewhere_and_is_not_kept(reader: Visitor, path: str) -> None:
    answer = reader.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert " style=" not in answer.text
    assert not re.search(r"\son\w+=|javascript:", answer.text)


def test_files_are_kept_for_as_long_as_they_are_the_same(reader: Visitor) -> None:
    page = reader.get("/").text
    addresses = set(re.findall(r'"(/assets/[^"]+)"', page))
    assert {each.rpartition(".")[2] for each in addresses} == {"css", "js", "svg"}
    for address in addresses:
        answer = Visitor(reader.client.application).get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        older = reader.get(re.sub(r"/assets/\w+/", "/assets/0123456789abcdef/", address))
        assert (older.data, older.headers["Cache-Control"]) == (answer.data, "no-cache")
    assert reader.get("/assets/x/../shell.py").status_code == 404


def test_light_and_dark_are_remembered(reader: Visitor) -> None:
    assert 'data-theme="auto"' in reader.get("/").text
    chosen = reader.fill("/theme", on="/", theme="dark", next="/?span=week")
    assert chosen.headers["Location"] == "/?span=week"
    assert 'data-theme="dark"' in reader.get("/").text
    reader.fill("/theme", on="/", theme='"><script>')
    assert 'data-theme="dark"' in reader.get("/").text


def test_only_pages_that_are_there_and_open_are_in_the_navigation(reader: Visitor) -> None:
    nav = re.findall(r'<nav aria-label="Pages">(.*?)</nav>', reader.get("/").text, re.DOTALL)
    assert re.findall(r'href="([^"]+)" aria-current="page">(\w+)<', nav[0]) == [("/", "Today")]
    assert 'aria-label="Pages"' not in Visitor(reader.client.application).get("/sign-in").text


def test_the_navigation_says_below_which_page_one_is(sqlite_url: str) -> None:
    service = make_service(sqlite_url)
    admin = holding(service, "read", "admin")
    set_up = f"/accounts/{service.hook.signalwire_account.id}/set-up"
    assert 'href="/accounts" aria-current="true"' in admin.get(set_up).text
    assert 'href="/callbacks" aria-current="page"' in admin.get("/callbacks").text
    replayed = admin.fill("/callbacks/replay", on="/callbacks", step="try").text
    assert 'href="/callbacks" aria-current="true"' in replayed
    service.parts.database.engine.dispose()


def test_a_browser_that_is_astray_is_shown_the_way_back_and_programs_are_told(
    sqlite_url: str,
) -> None:
    service = make_service(sqlite_url)
    visitor = holding(service, "read")

    def ask(path: str, accept: str) -> TestResponse:
        return visitor.client.get(path, base_url=PUBLIC_URL, headers={"Accept": accept})

    absent = ask(f"/faxes/{uuid4()}", "text/html").text
    assert "There is no such fax. What was here once was removed" in absent
    for path, status in (("/nowhere", 404), ("/faxes/not-an-id", 404), ("/sign-out", 405)):
        page = ask(path, "text/html,application/xhtml+xml,*/*;q=0.8")
        assert (page.status_code, page.mimetype) == (status, "text/html")
        assert page.headers["Content-Security-Policy"] == POLICY
        assert 'aria-label="Pages"' in page.text
        assert "Begin again with Today" in page.text
        assert ask(path, "*/*").mimetype == "application/problem+json"
    assert ask("/api/v1/nowhere", "text/html").mimetype == "application/problem+json"
    assert not ask("/hooks/nowhere", "text/html").data
    service.parts.database.engine.dispose()


def test_code_in_a_message_is_set_as_code_and_nothing_else_is(sqlite_url: str) -> None:
    service = make_service(sqlite_url)
    spelled = service.app.jinja_env.filters["spelled"]
    assert spelled("see `a <b>` & <i>") == "see <code>a &lt;b&gt;</code> &amp; &lt;i&gt;"
    service.parts.database.engine.dispose()


@pytest.mark.parametrize("trouble", ["a template", "a route"])
def test_what_goes_wrong_is_a_page_that_says_what_to_do(service: Service, trouble: str) -> None:
    probe = make_pages("probe")

    @probe.get("/probe")
    @requires("read")
    def fail() -> str:
        if trouble == "a route":
            raise RuntimeError("a secret")
        return render_template("nowhere.html")

    service.app.register_blueprint(probe)
    answer = Visitor(service.app).sign_in_with(service.api.key).get("/probe")
    assert answer.status_code == 500
    assert "quote the request id" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert "secret" not in answer.text


class Shape(HTMLParser):
    """The elements of a page with the names of their attributes; what text says is left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))


_PAYLOADS: Final = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "</time></li></ul><h1>x",
    "</title></textarea></style></script>",
    "<a href=javascript:alert(1)>x</a>",
    "<!--",
    "]]>",
    "{{7*7}}",
    "{% include 'x' %}",
    "&lt;b&gt;&#60;i&#62;",
    "\u202e\u2066abc",
    "\u2028\u2029",
    "%3Cscript%3E",
    "<base href=//evil>",
    "<meta http-equiv=refresh content=0>",
    "<style>*{display:none}</style>",
    "x" * 190,
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "` onclick=`alert(1)",
    "<iframe srcdoc=x>",
    "<math><mi//xlink:href='data:x'>",
    "🖨️ ünïcödé",
    "<details open ontoggle=alert(1)>",
)
_AROUND: Final = ("{}", '"{}', "'>{}", "<!-- {} -->", "</q>{}", "{}<b", "({})", "&{};")
HOSTILE: Final = [around.format(payload) for around, payload in product(_AROUND, _PAYLOADS)]


def test_two_hundred_hostile_strings_stay_text_in_every_place(sqlite_url: str) -> None:
    """In every field of a remote party that the page shows: the elements are those of a page
    that shows harmless words in their place, and the strings are there to be read.
    """
    assert len(HOSTILE) >= 200
    service = make_service(sqlite_url)
    reader = Visitor(service.app).sign_in_with(service.api.key)
    _filled(service, reader, [f"harmless {n}" for n in range(SHOWN)])
    # Now there are more than it shows.
    harmless = _filled(service, reader, [f"harmless too {n}" for n in range(SHOWN)])
    for batch in range(0, len(HOSTILE), SHOWN):
        texts = HOSTILE[batch : batch + SHOWN]
        page = _filled(service, reader, texts)
        assert Shape(page).elements == Shape(harmless).elements, texts
        for text in texts:
            assert str(escape(text.strip()[:60])) in page, text
    service.parts.database.engine.dispose()


def _filled(service: Service, reader: Visitor, texts: list[str]) -> str:
    """The parts of Today once these are what was heard last, of so many faxes and callbacks."""
    assert len(texts) == SHOWN
    for text in texts:
        fax = str(uuid4())
        _contradict(service, fax, To=text, ErrorMessage=text)
        assert service.hook.signalwire(FaxSid=f"{fax}u", FaxStatus=f"{text}…").status_code == 200
    page = reader.get("/today/parts")
    assert page.status_code == 200
    return page.text


def _contradict(service: Service, fax: str, **form: str) -> None:
    """A fax that is said to have arrived and to have failed."""
    for status in ("delivered", "failed"):
        assert service.hook.signalwire(FaxSid=fax, FaxStatus=status, **form).status_code == 200
