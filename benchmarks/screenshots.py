"""Pictures of every page of the dashboard, for the documentation: `make screenshots`.

A service with made-up faxes is started, and the distribution's Chromium looks at it: in light,
in dark, and on a phone. The pictures are made anew; what they show is the same each time, but
for the hour.
"""

import argparse
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser

from benchmarks.showcase import BUSY_NUMBER, fill
from faxhooks.app import create_app
from faxhooks.db import migrations
from faxhooks.services.keys import SCOPES, create_key
from faxhooks.services.parts import Parts
from tests.cli.left import leave_unread
from tests.running.gunicorns import Running, running
from tests.story import Hook, Service, settings_for, signature, target
from tests.web.dashboard.browsing import Tab, started_browser

FOLDER: Final = Path(__file__).parents[1] / "docs" / "screenshots"
MOST_BYTES: Final = 2_000_000
"""Of all pictures together; a repository is cloned by everybody."""
DESK: Final = {"width": 1000, "height": 560}
TALL: Final = {"width": 1000, "height": 790}
PHONE: Final = {"width": 360, "height": 640}
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "light": {"viewport": DESK, "color_scheme": "light"},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light"},
}
_PNG: Final = b"\x89PNG\r\n\x1a\n"
PROXY: Final = {"X-Forwarded-Host": "hooks.example.com"}
"""As the proxy in front of a deployment says it."""


def main(argv: Sequence[str] | None = None) -> None:
    """Make all pictures. Ends with an error when they are too large together."""
    argparse.ArgumentParser(
        prog="python -m benchmarks.screenshots", description=__doc__
    ).parse_args(argv)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with (
        tempfile.TemporaryDirectory() as folder,
        _shown(Path(folder)) as (served, hook, key),
        started_browser() as browser,
    ):
        for look, context in LOOKS.items():
            _take_all(browser, served, look, {**context, "key": key, "hook": hook})
    total = sum(path.stat().st_size for path in FOLDER.glob("*.png"))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures, {total / 1e6:.2f} MB, in {FOLDER}")
    if total > MOST_BYTES:
        sys.exit(f"these are more than {MOST_BYTES / 1e6} MB; show less of each page")


@contextmanager
def _shown(folder: Path) -> Iterator[tuple[Running, Hook, str]]:
    """A service that has something to show."""
    url = f"sqlite:///{folder / 'faxhooks.db'}"
    migrations.upgrade(url)
    local = {"FAXHOOKS_ENV": "development", "WEB_CONCURRENCY": "1"}
    with running(url, folder / "log", **local) as (served, hook, api):
        parts: Parts = create_app(settings_for(url)).extensions["faxhooks"]
        accounts = {"signalwire": hook.signalwire_account, "faxplus": hook.faxplus_account}
        fill(parts, accounts, seed=7)
        service = Service(parts, hook, api, None)
        for number in range(3):  # What an older release did not understand.
            leave_unread(service, f"older-{number}", "success", release="0.0.9")
        _, key = parts.database.write(lambda s: create_key(s, "front desk", SCOPES))
        parts.database.engine.dispose()
        yield served, hook, key


def _take_all(browser: Browser, served: Running, look: str, given: dict[str, Any]) -> None:
    key, hook = given.pop("key"), given.pop("hook")
    base = f"http://127.0.0.1:{served.port}"
    tab = Tab(browser, base, extra_http_headers=PROXY, **given)
    page = tab.page

    def take(name: str, path: str | None = None, part: str | None = None) -> None:
        if path is not None:
            page.goto(path)
        page.wait_for_load_state("load")
        page.wait_for_timeout(300)  # Until what scripts add is there.
        seen = page if part is None else page.locator(part)
        picture = seen.screenshot(animations="disabled")
        (FOLDER / f"{name}-{look}.png").write_bytes(_squeezed(picture))

    take("sign-in", "/sign-in")
    tab.sign_in(key)
    if look == "light":
        page.set_viewport_size(TALL)  # With what waits for a person.
    take("today")
    page.set_viewport_size(given["viewport"])
    if look == "light":
        take("charts", part=".charts")
    if page.goto("/faxes").ok:  # type: ignore[union-attr]
        take("faxes")
        page.goto("/faxes?status=busy")
        page.locator("tbody a").first.click()
        take("fax")
    take("callbacks", "/callbacks")
    page.goto("/callbacks?verdict=unrecognized")
    page.get_by_role("button", name="Show what would change").click()
    take("replay")
    page.goto("/callbacks?account=main&verdict=applied")
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="Show headers and body").click()
    take("callback")
    take("numbers", f"/numbers?{urlencode({'number': BUSY_NUMBER})}")
    take("accounts", "/accounts")
    page.get_by_role("link", name="main", exact=True).click()
    take("account")
    _add_account(tab, look)
    take("set-up")
    _call_wrongly(tab, hook)
    page.get_by_role("heading", name="The signature fits").wait_for()
    take("set-up-wrong")
    tab.close()


def _squeezed(picture: bytes) -> bytes:
    """The same PNG with its pixels compressed as well as that goes; browsers are in a hurry."""
    chunks, place = [], len(_PNG)
    while place < len(picture):
        length, kind = struct.unpack_from(">I4s", picture, place)
        chunks.append((kind, picture[place + 8 : place + 8 + length]))
        place += length + 12
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    (header,) = (data for kind, data in chunks if kind == b"IHDR")
    made = [(b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return _PNG + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in made
    )


def _add_account(tab: Tab, look: str) -> None:
    tab.page.goto("/accounts/new/signalwire")
    tab.page.get_by_label("Label").fill(f"clinic {look}")
    tab.page.get_by_label("Project id").fill("b3877c40-da60-4998-90ad-b792e98472ac")
    tab.page.get_by_label("Signing key").fill("PSK_made_up_for_a_picture")
    tab.page.get_by_role("button", name="Add it").click()
    tab.page.get_by_text("Waiting for the first callback").wait_for()


def _call_wrongly(tab: Tab, hook: Hook) -> None:
    """As a provider that was told to call without encryption."""
    where = target(tab.page.locator("#hook-url").input_value())
    form = {"FaxSid": "f1", "FaxStatus": "delivered"}
    signed = signature(f"http://hooks.example.com{where}", form, "PSK_made_up_for_a_picture")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": "hooks.example.com",
        "X-Forwarded-Proto": "https",
        "X-SignalWire-Signature": signed,
    }
    body = "&".join(f"{name}={quote(value)}" for name, value in form.items()).encode()
    answer = hook.transport.send("POST", where, headers, body)
    assert answer.status_code == 403


if __name__ == "__main__":
    main()
