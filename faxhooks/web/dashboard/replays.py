"""Reading callbacks again: first what would change, then, on a second word, the change."""

from typing import Any, Final
from uuid import UUID

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from faxhooks.db.callbacks import get_callback
from faxhooks.services.replaying import MOST, Order
from faxhooks.services.settling import Replay
from faxhooks.web.auth import actor, requires, visible_accounts
from faxhooks.web.dashboard.addresses import address
from faxhooks.web.dashboard.inbox import read_address
from faxhooks.web.dashboard.shell import make_pages
from faxhooks.web.parts import cursors, parts

pages = make_pages("replays")

SHOWN: Final = 50
"""Faxes whose changes are told one by one; of more the number."""


@pages.post("/callbacks/<uuid:callback_id>/replay")
@requires("admin")
def replay_one(callback_id: UUID) -> str:
    """Read one callback again, or try it."""
    accounts, dry_run = visible_accounts(), _is_rehearsal()

    def find(session: Session) -> None:
        get_callback(session, callback_id, accounts=accounts)

    parts().database.read(find)
    done = parts().replayer.replay_one(callback_id, Order(actor=actor(), dry_run=dry_run))
    here = url_for(".replay_one", callback_id=callback_id)
    back = url_for("dashboard_callbacks.show", callback_id=callback_id)
    return _told(done, dry_run=dry_run, here=here, back=back)


@pages.post("/callbacks/replay")
@requires("admin")
def replay_many() -> str:
    """The same with those of the filters in the address, oldest first: a page, wholly or not
    at all.
    """
    asked, dry_run = read_address(), _is_rehearsal()
    place = ("replay", asked.wanted)
    after = cursors().read(place, asked.cursor) if asked.cursor else None
    order = Order(actor=actor(), dry_run=dry_run, wanted=asked.filters)
    done = parts().replayer.replay_page(asked.wanted, order, after=after, limit=MOST)
    path, cursor = url_for(".replay_many"), request.args.get("cursor")
    following = cursors().make(place, done.position) if done.position else None
    return _told(
        done,
        dry_run=dry_run,
        here=address(path, asked.words, cursor=cursor),
        back=address(url_for("dashboard_callbacks.index"), asked.words),
        following=following and address(path, asked.words, cursor=following),
    )


def _is_rehearsal() -> bool:
    """Whether it is to be tried only: whatever does not say otherwise."""
    return request.form.get("step") != "do"


def _told(done: Replay, **more: Any) -> str:
    reasons: dict[str, int] = {}
    for each in done.callbacks:
        if each.reason is not None:
            reasons[each.reason] = reasons.get(each.reason, 0) + 1
    unread = sum(reasons.values())
    return render_template(
        "replay.html",
        total=len(done.callbacks),
        read=len(done.callbacks) - unread,
        unread=unread,
        reasons=sorted(reasons.items(), key=lambda pair: -pair[1]),
        faxes=done.faxes[:SHOWN],
        changed=len(done.faxes),
        **more,
    )
