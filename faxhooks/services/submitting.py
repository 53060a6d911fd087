"""A request to send faxes is checked, entered into the outbox and answered: once."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import describe_fax
from faxhooks.domain.errors import InvalidBodyError
from faxhooks.providers.sending import FieldFault, InvalidOrderError
from faxhooks.services.carriers import ACCOUNT, Carriers, fault_of_account
from faxhooks.services.desks import Clock, utc_now
from faxhooks.services.directory import Entrance
from faxhooks.services.ordering import BATCH, RESERVED_TAGS, Request, check, place
from faxhooks.services.parts import Parts
from faxhooks.services.repeating import Key, begin, finish, forget
from faxhooks.services.retrying import Persistence, persistence_of
from faxhooks.services.shapes import fax_json
from faxhooks.services.tagging import fault_of_tag

MOST_RECIPIENTS: Final = 200
"""Of one request; its faxes are entered in one transaction."""

FAIL_OVER_FIELD: Final = "fail_over"

_SECONDS: Final = 20.0
"""Writing large documents takes longer than a callback."""


class Submissions:
    """Takes requests to send; `actor` is who asks, and sees only the accounts that are
    `visible`, None being all.
    """

    def __init__(self, parts: Parts, clock: Clock = utc_now) -> None:
        self._parts = parts
        self._carriers = Carriers(parts)
        self._clock = clock

    def submit(
        self,
        request: Request,
        account: str | None,
        *,
        actor: str,
        visible: Collection[UUID] | None,
        key: Key | None = None,
    ) -> dict[str, Any]:
        """The answer: the fax, or the batch of several.

        Raises InvalidOrderError and InvalidBodyError, which name the fields at fault, and
        ConflictError while the same request is in flight.
        """

        def work(done: Callable[[Session, Any], None]) -> dict[str, Any]:
            carrier = self._checked(request, account, visible)
            persistence = self._persistence(request, carrier, visible)

            def commit(session: Session) -> dict[str, Any]:
                placed = place(
                    session,
                    carrier,
                    request,
                    self._clock(),
                    shelf=self._parts.shelf,
                    actor=actor,
                    persistence=persistence,
                )
                answer = _shown(session, placed)
                done(session, answer)
                return answer

            return self._parts.database.write(commit, seconds=_SECONDS)

        return work(lambda *_: None) if key is None else self._once(key, work)

    def _once(
        self, key: Key, work: Callable[[Callable[[Session, Any], None]], dict[str, Any]]
    ) -> dict[str, Any]:
        database = self._parts.database
        begun = database.write(lambda session: begin(session, key, self._clock()))
        claim = begun.claim
        if claim is None:
            first: dict[str, Any] = begun.answer
            return first
        try:
            return work(lambda session, answer: finish(session, key, claim, answer))
        except BaseException:
            database.write(lambda session: forget(session, key, claim))
            raise

    def _checked(
        self, request: Request, account: str | None, visible: Collection[UUID] | None
    ) -> Entrance:
        if reserved := RESERVED_TAGS & request.tags.keys():
            name = min(reserved)
            raise InvalidBodyError(f"/tags/{name}", "this tag is set by the service alone")
        for name, value in request.tags.items():  # Those of a table on the command line, too.
            if fault := fault_of_tag(name, value):
                raise InvalidBodyError("/tags", f"{name[:100]}: {fault}")
        carrier = self._carriers.choose(account, visible)
        with self._carriers.sender(carrier) as sender:
            if sender is not None:
                check(request, sender.abilities, self._parts.public_url)
        return carrier

    def _persistence(
        self, request: Request, carrier: Entrance, visible: Collection[UUID] | None
    ) -> Persistence:
        """What was asked for, else what the account's options say. The account that is tried at
        last must be able to carry the fax as well.
        """
        said = persistence_of(carrier)
        name = request.fail_over
        if name is None:  # Who set the option could see the account.
            name, visible = said.fail_over, None
        other = None if name is None else self._other(request, name, carrier, visible)
        return Persistence(
            said.times if request.times is None else request.times,
            said.delays if request.delays is None else request.delays,
            other,
        )

    def _other(
        self, request: Request, name: str, carrier: Entrance, visible: Collection[UUID] | None
    ) -> UUID:
        try:
            other = self._carriers.choose(name, visible)
            if other.account.id == carrier.account.id:
                raise fault_of_account("is the one that sends already; name another")
            with self._carriers.sender(other) as sender:
                if sender is not None:
                    check(request, sender.abilities, self._parts.public_url)
        except InvalidOrderError as error:
            raise InvalidOrderError(
                tuple(_at_other(fault, name) for fault in error.faults)
            ) from error
        return other.account.id


def _at_other(fault: FieldFault, name: str) -> FieldFault:
    said = fault.message if fault.field == ACCOUNT else f"{fault.field}: {fault.message}"
    return replace(fault, field=FAIL_OVER_FIELD, message=f"{name}: {said}")


def _shown(session: Session, fax_ids: Sequence[UUID]) -> dict[str, Any]:
    shown = [fax_json(describe_fax(session, get_fax(session, each))) for each in fax_ids]
    return shown[0] if len(shown) == 1 else {"batch": shown[0]["tags"][BATCH], "data": shown}
