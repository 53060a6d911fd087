"""A fax is asked about at once, because somebody wants to know now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import askings, polls
from faxhooks.db.faxes import get_fax
from faxhooks.db.polls import Lease
from faxhooks.domain.errors import FaxhooksError
from faxhooks.services.auditing import Action, note
from faxhooks.services.budgeting import is_paused, reserve
from faxhooks.services.desks import Clock, Desks, utc_now
from faxhooks.services.heeding import Desk, Question, ask, heed
from faxhooks.services.parts import Parts

_LEASE: Final = timedelta(minutes=3)
_CALLS: Final = 2.0


class CannotAskError(FaxhooksError):
    """The provider cannot be asked about this fax now; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What is refreshed, for whom."""

    fax_id: UUID
    actor: str
    lease: Lease


def refresh(
    parts: Parts,
    fax_id: UUID,
    *,
    actor: str,
    accounts: Collection[UUID] | None,
    clock: Clock = utc_now,
) -> None:
    """Ask about a fax and record the answer; that it was asked for is audited first.

    Raises NotFoundError, CannotAskError where it cannot be asked now, and ProviderError where
    the provider gave no answer, which is noted with the fax.
    """
    desks = Desks(parts)
    row = parts.database.read(lambda session: get_fax(session, fax_id, accounts=accounts))
    account_id = parts.database.read(lambda s: polls.carriers_of(s, [row]))[row.id]
    desk = desks.get(account_id)
    now = clock()
    wanted = _Request(row.id, actor, Lease(uuid7(), now, now + _LEASE))
    with desks.client(desk.entrance) as client:
        if client is None or not desk.terms.askable:
            raise CannotAskError(_why_never(desk))
        question = parts.database.write(lambda session: _prepare(session, desk, wanted))
        heard = ask(client, question)
    parts.database.write(lambda session: heed(session, desk, heard, wanted.lease.by, clock()))
    if heard.error is not None:
        raise heard.error


def _why_never(desk: Desk) -> str:
    account = desk.entrance.account
    if account.disabled_at is not None:
        return "the account is disabled; `faxhooks account enable` turns it on"
    return (
        "the account has no credentials for the provider's API; "
        "`faxhooks account rotate` takes them"
    )


def _prepare(session: Session, desk: Desk, wanted: _Request) -> Question:
    """Take a part of the budget and the lease, or say why there is none now."""
    now = wanted.lease.now
    askings.add_asking(session, desk.account_id, now, now)
    asking = askings.lock_asking(session, desk.account_id)
    if asking is not None and is_paused(asking, now):
        raise CannotAskError(f"the provider is left alone for now ({asking.error}); ask later")
    room = reserve(session, desk.account_id, desk.pace, _CALLS, now)
    if not room:
        raise CannotAskError("the account's budget of requests is used up; ask in a minute")
    if not polls.claim_one(session, wanted.fax_id, desk.account_id, wanted.lease):
        raise CannotAskError("it is being asked about just now; look again in a minute")
    ids = polls.list_ids(session, polls.list_rows(session, [wanted.fax_id]))[wanted.fax_id]
    note(session, wanted.actor, Action.FAX_REFRESHED, f"fax:{wanted.fax_id}")
    return Question(wanted.fax_id, ids, room)
