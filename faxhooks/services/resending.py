"""A fax that did not arrive is sent again: as a new fax, which says of which one it is."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import describe_fax
from faxhooks.db.models import FaxRow, TagRow
from faxhooks.db.sendmodels import SendRow
from faxhooks.db.sends import lock_send
from faxhooks.domain.errors import ConflictError
from faxhooks.domain.fax import Outcome
from faxhooks.services.auditing import Action, note
from faxhooks.services.carriers import Carriers
from faxhooks.services.desks import Clock, utc_now
from faxhooks.services.directory import Entrance
from faxhooks.services.ordering import RESEND_OF, RESERVED_TAGS, Submission, enter, tag
from faxhooks.services.parts import Parts
from faxhooks.services.shapes import fax_json


class Resendings:
    """Sends faxes again, with the same account and documents."""

    def __init__(self, parts: Parts, clock: Clock = utc_now) -> None:
        self._parts = parts
        self._carriers = Carriers(parts)
        self._clock = clock

    def resend(
        self, fax_id: UUID, *, force: bool, actor: str, visible: Collection[UUID] | None
    ) -> dict[str, Any]:
        """The new fax, with a tag `resend_of`. Raises NotFoundError, and ConflictError with why
        not; `force` sends one again that arrived, or of which nobody knows whether it did.
        """
        database = self._parts.database
        seen = database.read(lambda session: get_fax(session, fax_id, accounts=visible))
        carrier = self._carriers.get(seen.account_id)
        with self._carriers.sender(carrier) as sender:
            if sender is None or carrier.account.disabled_at is not None:
                raise ConflictError("its account cannot send: it is disabled, or lacks credentials")

        def work(session: Session) -> dict[str, Any]:
            row, fax = lock_send(session, seen.id), get_fax(session, seen.id)
            _refuse_arrived(session, fax, force)
            if row is None:
                raise ConflictError("it was not sent from here, so that there is nothing to send")
            new_id = self._send_again(session, carrier, row, fax)
            note(session, actor, Action.FAX_RESENT, f"fax:{new_id}", of=str(fax.id), force=force)
            return fax_json(describe_fax(session, get_fax(session, new_id)))

        return database.write(work)

    def _send_again(self, session: Session, carrier: Entrance, row: SendRow, fax: FaxRow) -> UUID:
        kept = {UUID(each["id"]) for each in row.content["documents"] if "id" in each}
        if not self._parts.shelf.holds(session, kept):
            raise ConflictError("its documents have been removed; send it anew")
        content = {**row.content, "schedule_at": None, "accounts": None}
        submission = Submission(row.submission_id, self._clock())
        (new_id,) = enter(session, carrier, [row.recipient], content, submission)
        tags = {name: value for name, value in fax.tags.items() if name not in RESERVED_TAGS}
        tag(session, new_id, {**tags, RESEND_OF: str(fax.id)})
        return new_id


def _refuse_arrived(session: Session, fax: FaxRow, force: bool) -> None:
    if fax.outcome == Outcome.PENDING:
        raise ConflictError("the fax is on its way; wait for its end, or cancel it")
    if fax.outcome == Outcome.SUCCESS and not force:
        raise ConflictError('it was delivered; to send it all the same give `{"force": true}`')
    if fax.outcome == Outcome.UNKNOWN and not force:
        raise ConflictError(
            "nobody knows whether it arrived; ask its recipient, then send it again with "
            '`{"force": true}`'
        )
    again = (
        select(FaxRow.id)
        .join(TagRow, TagRow.fax_id == FaxRow.id)
        .where(TagRow.name == RESEND_OF, TagRow.value == str(fax.id))
        .where(FaxRow.outcome == Outcome.PENDING)
    )
    if session.scalars(again.limit(1)).first() is not None:
        raise ConflictError("it is being sent again already; wait for the end of that")
