"""The dashboard in a real browser, served by gunicorn: live, quiet, for everybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.databases import Databases
from tests.running.gunicorns import Running, running
from tests.story import Api, Hook
from tests.web.dashboard.browsing import Tab, find_browser, started_browser

PHONE = {"width": 360, "height": 740}


@dataclass
class Stage:
    """A service under gunicorn and a browser to look at it with."""

    served: Running
    hook: Hook
    api: Api
    browser: Browser

    def open(self, **context: object) -> Tab:
        """A tab of its own."""
        return Tab(self.browser, f"http://127.0.0.1:{self.served.port}", **context)


@pytest.fixture(scope="module")
def stage(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    find_browser()
    folder: Path = tmp_path_factory.mktemp("browser")
    url = databases.sqlite(folder / "faxhooks.db")
    # Over plain http, as on one's own machine: that is where a browser takes its cookies.
    local = {"FAXHOOKS_ENV": "development", "WEB_CONCURRENCY": "1"}
    with running(url, folder / "log", **local) as (served, hook, api), started_browser() as browser:
        yield Stage(served, hook, api, browser)


def test_a_person_signs_in_and_sees_callbacks_arrive_without_reloading(stage: Stage) -> None:
    tab = stage.open()
    tab.page.goto("/?span=week")
    tab.sign_in(stage.api.key)
    expect(tab.page.locator("[data-live-state]")).to_have_text("Live")
    tab.page.evaluate("window.stayed = true")
    delivered = tab.page.locator(".tile", has_text="Delivered").locator("dd")
    before = int(delivered.inner_text())
    for n in range(3):
        answer = stage.hook.signalwire(FaxSid=f"live-{n}", FaxStatus="delivered")
        assert answer.status_code == 200
        expect(delivered).to_have_text(str(before + n + 1))
    assert tab.page.evaluate("window.stayed")
    assert "Live, as of" in tab.page.locator("[data-live-state]").inner_text()
    tab.page.get_by_role("button", name="Sign out").click()
    tab.page.get_by_role("heading", name="Sign in").wait_for()
    tab.page.goto("/")
    assert tab.page.url.endswith("/sign-in")
    assert tab.said == []
    tab.close()


def test_what_is_open_and_where_the_focus_is_stays_when_news_come(stage: Stage) -> None:
    tab = stage.open()
    tab.sign_in(stage.api.key)
    summary = tab.page.get_by_text("As a table").first
    summary.click()
    summary.focus()
    count = tab.page.locator(".tile", has_text="Sent").locator("dd")
    before = count.inner_text()
    stage.hook.signalwire(FaxSid="focus", FaxStatus="sending")
    expect(count).not_to_have_text(before)
    assert tab.page.locator("details[open] table").first.is_visible()
    assert tab.page.evaluate("document.activeElement.tagName") == "SUMMARY"
    tab.close()


def test_times_are_the_readers_and_hovering_tells_the_figures(stage: Stage) -> None:
    stage.hook.signalwire(FaxSid="hover", FaxStatus="busy")
    tab = stage.open()
    tab.sign_in(stage.api.key)
    moment = tab.page.locator("#accounts ~ .scroll time").first
    assert "UTC" in str(moment.get_attribute("title"))
    assert "UTC" not in moment.inner_text()
    tab.page.locator("figure").first.locator(".column").last.hover()
    readout = tab.page.locator("[data-readout]").first
    expect(readout).to_contain_text("Failed")
    assert "UTC" not in readout.inner_text()
    assert tab.said == []
    tab.close()


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_no_page_has_a_serious_fault_of_accessibility(
    stage: Stage, size: dict[str, int] | None
) -> None:
    stage.hook.signalwire(FaxSid="axe", FaxStatus="failed", ErrorMessage="Something else")
    stage.hook.signalwire(FaxSid="axe-unread", FaxStatus="teleported")
    tab = stage.open(**({"viewport": size} if size else {}))
    tab.page.goto("/sign-in")
    assert tab.faults() == []
    tab.sign_in(stage.api.key)
    assert tab.faults() == []
    if size:
        assert tab.cut_off() == []
    tab.close()


def test_the_choice_of_dark_outlasts_the_page_and_beats_the_device(stage: Stage) -> None:
    tab = stage.open(color_scheme="light")
    tab.sign_in(stage.api.key)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = tab.page.evaluate(paper)
    tab.page.get_by_role("button", name="Dark").click()
    tab.page.get_by_role("heading", name="Today", exact=True).wait_for()
    assert tab.page.evaluate(paper) != light
    assert tab.faults() == []
    tab.close()


def test_without_scripts_everything_but_the_news_is_there(stage: Stage) -> None:
    tab = stage.open(java_script_enabled=False)
    tab.sign_in(stage.api.key)
    tab.page.get_by_role("link", name="7 days").click()
    tab.page.get_by_text("As a table").first.click()
    assert tab.page.locator("details[open] table").first.is_visible()
    assert "UTC" in tab.page.locator("time").first.inner_text()
    tab.page.get_by_role("button", name="Sign out").click()
    assert tab.page.url.endswith("/sign-in")
    tab.close()


def test_the_keyboard_alone_goes_everywhere(stage: Stage) -> None:
    tab = stage.open()
    tab.sign_in(stage.api.key)
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "main"
    tab.close()
