"""Setting an account up: what to register where, and what is wrong until the first callback."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import redirect, render_template, request, url_for

from faxhooks.providers.registry import get_provider
from faxhooks.services.settingup import ask_progress, watch_account
from faxhooks.web.auth import actor, requires, visible_accounts
from faxhooks.web.dashboard.accounts import find_account
from faxhooks.web.dashboard.shell import make_pages
from faxhooks.web.dashboard.visits import unattended
from faxhooks.web.parts import parts

pages = make_pages("setting_up")

_LOCAL = ("localhost", "127.0.0.1", "::1")


@pages.get("/accounts/<uuid:account_id>/set-up")
@requires("admin")
def show(account_id: UUID) -> str:
    """The whole page; without scripts it has itself loaded anew while it waits."""
    return render_template("set_up.html", **_shown(account_id))


@pages.get("/accounts/<uuid:account_id>/set-up/parts")
@requires("admin")
@unattended
def show_parts(account_id: UUID) -> str:
    """What of it changes."""
    return render_template("set_up_parts.html", **_shown(account_id))


@pages.post("/accounts/<uuid:account_id>/watch")
@requires("admin")
def watch(account_id: UUID) -> Any:
    """Keep for ten minutes why requests are refused, of an account that once worked."""
    find_account(account_id)
    now, who = datetime.now(UTC), actor()
    parts().database.write(lambda session: watch_account(session, account_id, now, actor=who))
    return redirect(url_for(".show", account_id=account_id), 303)


def _shown(account_id: UUID) -> dict[str, Any]:
    account, visible = find_account(account_id), visible_accounts()
    provider, now = get_provider(account.provider), datetime.now(UTC)
    progress = parts().database.read(
        lambda session: ask_progress(session, account, provider.title, now, visible=visible)
    )
    public = urlsplit(parts().public_url)
    seen = request.headers.get("X-Forwarded-Host", "").partition(",")[0].strip() or request.host
    return {
        "account": account,
        "provider": provider,
        "progress": progress,
        "steps": provider.guide(account.config, account.hook_url),
        "public_url": parts().public_url,
        "is_local": public.hostname in _LOCAL,
        "seen_host": seen[:255] if seen != public.netloc else None,
    }
