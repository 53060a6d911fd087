"""Today: what came and went, what failed and why, and what waits for a person."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from flask import Response, render_template, request
from sqlalchemy.orm import Session

from faxhooks.db import feed
from faxhooks.services.overviewing import Span, ask_overview
from faxhooks.services.watching import Pause
from faxhooks.web.auth import requires, still_allowed, visible_accounts
from faxhooks.web.dashboard.addresses import escaped
from faxhooks.web.dashboard.charts import STACK, draw_times, draw_volume, duration
from faxhooks.web.dashboard.shell import make_pages
from faxhooks.web.dashboard.visits import unattended
from faxhooks.web.parts import parts, watch
from faxhooks.web.streams import Said, open_stream, stopping

pages = make_pages("today")

BEAT_SECONDS: Final = 15.0
PAUSE_SECONDS: Final = 1.0
"""Between two words of a stream: a page that is looked at need not follow every callback."""


@pages.get("/")
@requires("read")
def index() -> str:
    """The whole page."""
    return render_template("today.html", **_shown())


@pages.get("/today/parts")
@requires("read")
@unattended
def show_parts() -> str:
    """What of it changes, for a page that is open."""
    return render_template("today_parts.html", **_shown())


@pages.get("/live")
@requires("read")
@unattended
def live() -> Response:
    """A stream that says when something this reader may see has changed, and no more."""
    return open_stream(_news())


def _shown() -> dict[str, Any]:
    asked = request.args.get("span", Span.DAY)
    span = Span(asked) if asked in list(Span) else Span.DAY
    now, visible = datetime.now(UTC), visible_accounts()
    found = parts().database.read(lambda session: ask_overview(session, span, now, visible=visible))
    return {
        "span": span,
        "found": found,
        "volume": draw_volume(found.buckets),
        "times": draw_times(found.buckets),
        "stack": STACK,
        "duration": duration,
        "escaped": escaped,
    }


def _news() -> Iterator[Said]:
    """All it needs of the request is taken before the first word."""
    database, look, ending = parts().database, watch(), stopping()
    accounts, allowed = visible_accounts(), still_allowed()

    def changes_behind(seen: int) -> tuple[int, bool]:
        def ask(session: Session) -> tuple[int, bool]:
            last = feed.last_number(session)
            found = feed.list_changes(session, after=seen, limit=1, accounts=accounts)
            return last, bool(found)

        return database.read(ask)

    def say() -> Iterator[Said]:
        seen = database.read(feed.last_number)
        asked_at = time.monotonic()
        yield b"retry: 3000\n\n"
        while not ending():
            yield Pause(BEAT_SECONDS, look, seen)
            if time.monotonic() - asked_at >= BEAT_SECONDS:
                asked_at = time.monotonic()
                if not allowed():
                    return
            seen, changed = changes_behind(seen)
            yield b"event: changed\ndata: %d\n\n" % seen if changed else b": beat\n\n"
            yield Pause(PAUSE_SECONDS)

    return say()
