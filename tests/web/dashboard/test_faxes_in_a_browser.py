"""Faxes in a real browser: found, followed, read, tagged and taken away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.databases import Databases
from tests.running.gunicorns import running
from tests.web.dashboard.browsing import find_browser, started_browser
from tests.web.dashboard.test_browser import PHONE, Stage
from tests.web.dashboard.test_shell import HOSTILE

TO = "+13105550177"
FIELDS = "fields=status,to,error,remote_station_id,tags,finished_at"


@pytest.fixture(scope="module")
def stage(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    find_browser()
    folder: Path = tmp_path_factory.mktemp("faxes")
    url = databases.sqlite(folder / "faxhooks.db")
    local = {"FAXHOOKS_ENV": "development", "WEB_CONCURRENCY": "1"}
    with running(url, folder / "log", **local) as (served, hook, api), started_browser() as browser:
        made = Stage(served, hook, api, browser)
        _tell(made, "early", "busy")
        yield made


def _tell(stage: Stage, fax: str, *statuses: str, **words: str) -> None:
    form = {"To": TO, "From": "+12125550100", "RemoteStationId": "CITY CLINIC", **words}
    for status in statuses:
        assert stage.hook.signalwire(FaxSid=fax, FaxStatus=status, **form).status_code == 200


def test_a_person_sees_a_fax_arrive_filters_opens_reads_and_exports(stage: Stage) -> None:
    tab = stage.open()
    tab.sign_in(stage.api.key)
    page = tab.page
    page.get_by_role("link", name="Faxes", exact=True).click()
    expect(page.locator("[data-live-state]")).to_have_text("Live")
    page.evaluate("window.stayed = true")
    _tell(stage, "arriving", "sending", To="+13105550142")
    row = page.locator("tbody tr", has_text="+13105550142")
    expect(row).to_contain_text("On its way")
    _tell(stage, "arriving", "failed", To="+13105550142", ErrorMessage="Document loading error")
    expect(row).to_contain_text("The document could not be fetched")
    assert page.evaluate("window.stayed")

    page.get_by_text("Filters and columns").click()
    page.get_by_label("Reason", exact=True).first.select_option("document.fetch")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/faxes?reason=document.fetch")
    expect(page.locator("tbody tr")).to_have_count(1)
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    lines = taken.value.path().read_text().splitlines()
    assert len(lines) == 2
    assert "+13105550142" in lines[1]

    page.locator("tbody th a").click()
    expect(page.locator(".told")).to_contain_text("Failed at")
    assert "UTC" in str(page.locator(".told time").get_attribute("title"))
    assert "UTC" not in page.locator(".told").inner_text()
    expect(page.locator(".timeline > li")).to_have_count(2)
    page.locator(".timeline summary").last.click()
    digest = stage.api.history("arriving")[1]["digest"]
    expect(page.locator(".timeline > li").last).to_contain_text(digest)
    page.get_by_role("link", name="Delivery report to print").click()
    expect(page.locator(".report")).to_contain_text(digest)
    assert tab.said == []
    tab.close()


def test_a_fax_that_is_open_is_followed(stage: Stage) -> None:
    _tell(stage, "followed", "sending")
    tab = stage.open()
    tab.sign_in(stage.api.key)
    tab.page.goto(f"/faxes/{stage.api.fax('followed')['id']}")
    told = tab.page.locator(".told")
    expect(told).to_contain_text("On its way")
    _tell(stage, "followed", "delivered", NumPages="2")
    expect(told).to_contain_text("2 pages got through.")
    expect(tab.page.locator(".timeline > li")).to_have_count(2)
    expect(tab.page.locator("[data-live-state]")).to_contain_text("Live, as of")
    assert tab.said == []
    tab.close()


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_no_page_of_faxes_has_a_serious_fault_of_accessibility(
    stage: Stage, size: dict[str, int] | None
) -> None:
    _tell(stage, "axe", "delivered", "failed", ErrorMessage="The call dropped prematurely")
    tab = stage.open(**({"viewport": size} if size else {}))
    tab.sign_in(stage.api.key)
    fax = f"/faxes/{stage.api.fax('axe')['id']}"
    for path in ("/faxes", f"/faxes?outcome=failure&{FIELDS}", fax, f"{fax}/report"):
        tab.page.goto(path)
        for summary in tab.page.locator("summary").all():
            summary.click()
        assert tab.faults() == [], path
        if size:
            assert tab.cut_off() == [], path
    for path in ("/faxes?sttus=busy", "/faxes/find?search=nobody", "/faxes/find?search=%2B1"):
        tab.page.goto(path)
        assert tab.faults() == [], path
    tab.close()


def test_hostile_strings_do_not_run_nor_stretch_a_page(stage: Stage) -> None:
    tab = stage.open(viewport=PHONE)
    tab.sign_in(stage.api.key)
    dialogs: list[str] = []
    tab.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for n, text in enumerate(HOSTILE):
        fields = ("To", "From", "RemoteStationId", "ErrorMessage", "MediaUrl")
        _tell(stage, f"hostile-{n}", "failed", **dict.fromkeys(fields, text))
    tab.page.goto(f"/faxes?limit=200&{FIELDS}")
    expect(tab.page.locator("tbody tr")).to_have_count(200)
    assert tab.page.locator("main script, main iframe, main img, main svg, main base").count() == 0
    assert tab.cut_off() == []
    for n in range(0, len(HOSTILE), 25):
        tab.page.goto(f"/faxes/{stage.api.fax(f'hostile-{n}')['id']}")
        expect(tab.page.locator(".told")).to_contain_text("Failed at")
        assert tab.cut_off() == []
    assert dialogs == []
    assert tab.said == []
    tab.close()


def test_without_scripts_faxes_are_found_and_read(stage: Stage) -> None:
    tab = stage.open(java_script_enabled=False)
    tab.sign_in(stage.api.key)
    tab.page.goto("/faxes")
    tab.page.get_by_label("Find a fax").fill("early")
    tab.page.get_by_role("button", name="Find").click()
    expect(tab.page.locator("tbody tr")).to_have_count(1)
    tab.page.locator("tbody th a").click()
    expect(tab.page.locator(".told")).to_contain_text("UTC. The line was engaged; try again later.")
    tab.page.locator(".timeline summary").first.click()
    expect(tab.page.locator(".timeline dl").first).to_be_visible()
    tab.close()


def test_the_keyboard_alone_reaches_the_first_fax(stage: Stage) -> None:
    tab = stage.open()
    tab.sign_in(stage.api.key)
    tab.page.goto("/faxes")
    first = tab.page.locator("tbody th a").first
    for _ in range(60):
        tab.page.keyboard.press("Tab")
        if first.evaluate("link => link === document.activeElement"):
            break
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator(".told")).to_be_visible()
    tab.close()
