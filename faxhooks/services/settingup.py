"""How far the set-up of an account is: waiting, turned away, or there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.accounts import list_accounts
from faxhooks.db.arrivals import find_last
from faxhooks.db.models_refusals import NOBODY
from faxhooks.db.refusals import find_setup, has_called, list_refused, save_setup
from faxhooks.domain.fax import Evidence
from faxhooks.services.accounts import Account
from faxhooks.services.auditing import Action, note
from faxhooks.services.exhibiting import callback_summary
from faxhooks.services.refusing import KEEP_FACTS
from faxhooks.services.remedies import Remedy, find_remedy

WATCH: Final = timedelta(minutes=10)
_LOOK_BACK: Final = timedelta(days=7)
_CALLS: Final = (Evidence.SIGNED, Evidence.UNSIGNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a set-up stands. `latest` is the newest callback of a week, `refused` the facts of
    a request that was refused since, with its `remedy`; `astray` counts requests to hook URLs
    that nobody has, since an hour or two.
    """

    has_called: bool
    latest: Mapping[str, Any] | None
    refused_at: datetime | None
    refused: Mapping[str, Any] | None
    remedy: Remedy | None
    watched_until: datetime | None
    astray: int

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.remedy is None and self.latest is not None and self.watched_until is None


def ask_progress(
    session: Session,
    account: Account,
    title: str,
    now: datetime,
    *,
    visible: Collection[UUID] | None,
) -> Progress:
    """How far this account is; `title` is its provider's."""
    latest = find_last(session, account.id, now - _LOOK_BACK, evidences=_CALLS)
    setup = find_setup(session, account.id)
    refused_at = setup.refused_at if setup else None
    facts = setup.facts if setup else None
    if (
        not refused_at
        or refused_at < now - KEEP_FACTS
        or (latest is not None and latest.last_seen_at >= refused_at)
    ):
        refused_at, facts = None, None
    labels = {
        str(row.id): row.label
        for row in list_accounts(session)
        if visible is None or row.id in visible
    }
    watched = setup.watched_until if setup else None
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    astray = list_refused(session, hour, visible=visible)
    return Progress(
        has_called=latest is not None or has_called(session, account.id),
        latest=None if latest is None else callback_summary(latest),
        refused_at=refused_at,
        refused=facts,
        remedy=find_remedy(facts, title=title, labels=labels) if facts else None,
        watched_until=watched if watched is not None and watched > now else None,
        astray=sum(
            each.requests
            for each in astray
            if each.account_id == NOBODY and each.cause == "unknown_token"
        ),
    )


def watch_account(session: Session, account_id: UUID, now: datetime, *, actor: str) -> None:
    """Keep the facts of what this account refuses, for ten minutes from now on."""
    save_setup(session, account_id, watched_until=now + WATCH, refused_at=None, facts=None)
    note(session, actor, Action.ACCOUNT_WATCHED, f"account:{account_id}")
