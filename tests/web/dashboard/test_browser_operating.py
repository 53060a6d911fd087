"""Accounts, callbacks and numbers in a real browser: a set-up to its end, a replay, no fault."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from faxhooks.app import create_app
from faxhooks.services.keys import SCOPES, create_key
from faxhooks.services.parts import Parts
from tests.cli.left import leave_unread
from tests.databases import Databases
from tests.running.gunicorns import Running, running
from tests.story import PUBLIC_URL, Hook, Service, settings_for, signature, target
from tests.web.dashboard.browsing import Tab, find_browser, started_browser

KEY = "PSK_clinicSigningKey"
NUMBER = "+13105550177"
PHONE = {"width": 360, "height": 740}


@dataclass
class Desk:
    """A service under gunicorn, a browser, and the key of somebody who may do everything."""

    served: Running
    hook: Hook
    key: str
    browser: Browser

    def open(self, **context: Any) -> Tab:
        """A tab where that person has signed in."""
        proxied = {"extra_http_headers": {"X-Forwarded-Host": "hooks.example.com"}, **context}
        tab = Tab(self.browser, f"http://127.0.0.1:{self.served.port}", **proxied)
        tab.sign_in(self.key)
        return tab

    def call(self, where: str, form: Mapping[str, str], *, signed_for: str) -> int:
        """A form to this path, signed for this origin."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-SignalWire-Signature": signature(signed_for + where, form, KEY),
        }
        body = urlencode(form).encode()
        return int(self.hook.transport.send("POST", where, headers, body).status_code)


@pytest.fixture(scope="module")
def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    find_browser()
    folder: Path = tmp_path_factory.mktemp("operating")
    url = databases.sqlite(folder / "faxhooks.db")
    local = {"FAXHOOKS_ENV": "development", "WEB_CONCURRENCY": "1"}
    with running(url, folder / "log", **local) as (served, hook, api), started_browser() as browser:
        parts: Parts = create_app(settings_for(url)).extensions["faxhooks"]
        _, key = parts.database.write(lambda session: create_key(session, "desk", SCOPES))
        leave_unread(Service(parts, hook, api, None), "older", "success", release="0.0.1")
        parts.database.engine.dispose()
        hook.signalwire(FaxSid="n1", FaxStatus="busy", To=NUMBER, Direction="outbound")
        hook.signalwire(FaxSid="n2", FaxStatus="teleported")
        yield Desk(served, hook, key, browser)


def add_account(tab: Tab, label: str) -> str:
    """An account of this label; the path of its hook."""
    page = tab.page
    page.get_by_role("link", name="Accounts", exact=True).click()
    page.get_by_role("link", name="SignalWire", exact=True).click()
    page.get_by_label("Label").fill(label)
    page.get_by_label("Project id").fill("b3877c40-da60-4998-90ad-b792e98472af")
    page.get_by_label("Signing key").fill(KEY)
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Waiting for the first callback")).to_be_visible()
    return target(page.locator("#hook-url").input_value())


def test_an_account_is_set_up_from_its_first_fault_to_its_first_callback(desk: Desk) -> None:
    tab, form = desk.open(), {"FaxSid": "first", "FaxStatus": "delivered"}
    where = add_account(tab, "clinic")
    assert desk.call(where, form, signed_for="http://hooks.example.com") == 403
    expect(tab.page.get_by_role("heading", name="The signature fits")).to_have_text(
        "The signature fits, but for the scheme"
    )
    assert desk.call(where, form, signed_for=PUBLIC_URL) == 200
    expect(tab.page.get_by_role("heading", name="A callback has come")).to_be_visible()
    tab.page.get_by_role("link", name="Look at it").click()
    expect(tab.page.get_by_role("heading", name="Callback", exact=True)).to_be_visible()
    assert tab.said == []
    tab.close()


def test_without_scripts_the_set_up_page_loads_itself_anew(desk: Desk) -> None:
    tab = desk.open(java_script_enabled=False)
    where, form = add_account(tab, "plain"), {"FaxSid": "plain", "FaxStatus": "delivered"}
    assert desk.call(where, form, signed_for=PUBLIC_URL) == 200
    expect(tab.page.get_by_text("A callback has come")).to_be_visible(timeout=20_000)
    tab.close()


def test_a_replay_is_looked_at_before_it_is_done(desk: Desk) -> None:
    tab = desk.open()
    tab.page.get_by_role("link", name="Callbacks", exact=True).click()
    tab.page.get_by_role("link", name="Not understood").click()
    tab.page.get_by_role("button", name="Show what would change").click()
    expect(tab.page.get_by_text("Nothing has been changed yet")).to_be_visible()
    assert tab.faults() == []
    tab.page.get_by_role("button", name="Read them again now").click()
    expect(tab.page.get_by_text("1 fax changed")).to_be_visible()
    assert tab.said == []
    tab.close()


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_no_page_has_a_serious_fault_of_accessibility(
    desk: Desk, size: dict[str, int] | None
) -> None:
    tab = desk.open(**({"viewport": size} if size else {}))
    page, main = tab.page, desk.hook.signalwire_account.id
    wrong = add_account(tab, f"axe {bool(size)}")
    assert tab.faults() == []
    assert desk.call(wrong, {"FaxSid": "x", "FaxStatus": "busy"}, signed_for="http://x.test") == 403
    expect(page.get_by_role("heading", name="No key that we know")).to_be_visible()
    page.get_by_text("What was tried").click()
    assert tab.faults() == []
    paths = ["/callbacks", "/callbacks?reason=unknown*", "/accounts", f"/accounts/{main}"]
    paths += ["/accounts/new/faxplus", f"/accounts/{main}/set-up", "/numbers"]
    paths.append(f"/numbers?{urlencode({'number': NUMBER})}")
    for path in paths:
        page.goto(path)
        assert tab.faults() == [], path
        if size:
            assert tab.cut_off() == [], path
    page.goto("/callbacks?verdict=applied")
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="Show headers and body").click()
    assert tab.faults() == []
    assert tab.said == []
    tab.close()
