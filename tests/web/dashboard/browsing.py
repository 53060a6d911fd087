"""A real browser, where the machine has one: the distribution's Chromium, driven by Playwright.

`FAXHOOKS_BROWSER=required` makes a missing one a failure, so that no run passes by skipping.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE: Final = (Path(__file__).parent / "axe_core" / "axe.min.js").read_text()

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_SERIOUS: Final = ("serious", "critical")


def find_browser() -> str | None:
    """Where the browser is; skips the test where there is none and none is required."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        reason = f"there is no browser here: install one of {', '.join(_NAMES)}"
        if os.environ.get("FAXHOOKS_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def started_browser() -> Iterator[Browser]:
    """A browser without a window; what it keeps is gone afterwards."""
    path = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """A page of a browser with cookies of its own, which notes whatever its console says."""

    def __init__(self, browser: Browser, base: str, **context: Any) -> None:
        self._context = browser.new_context(
            base_url=base, locale="en-GB", timezone_id="America/New_York", **context
        )
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(20_000)
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def sign_in(self, key: str) -> None:
        """With an API key, from the sign-in page."""
        self.page.goto("/sign-in")
        if not self.page.locator("#key").is_visible():
            self.page.get_by_text("With an API key").click()
        self.page.get_by_label("API key", exact=True).fill(key)
        self.page.get_by_role("button", name="Sign in with the key").click()
        self.page.get_by_role("heading", name="Today", exact=True).wait_for()

    def faults(self) -> list[str]:
        """What axe-core finds serious, or worse, on the page as it is, and in light and dark."""
        # Handed in by the protocol and not by a script element, which the policy would refuse.
        found = self.page.evaluate(f"{AXE}; axe.run()")["violations"]
        for scheme in ("light", "dark"):  # Of its rules only this one depends on them.
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            colours = "axe.run({runOnly: ['color-contrast']})"
            found += self.page.evaluate(colours)["violations"]
        self.page.emulate_media(color_scheme="null", reduced_motion="null")
        return [
            f"{each['id']}: {each['help']}: {json.dumps([n['target'] for n in each['nodes']])}"
            for each in found
            if each["impact"] in _SERIOUS
        ]

    def cut_off(self) -> list[str]:
        """What can be seen and is wider than its place: somebody has to move it sideways."""
        wide = """[document.documentElement, ...document.querySelectorAll(".scroll")]
            .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth)
            .map((each) => each.ariaLabel ?? each.tagName)"""
        return list(self.page.evaluate(wide))

    def close(self) -> None:
        """With all its cookies."""
        self._context.close()
