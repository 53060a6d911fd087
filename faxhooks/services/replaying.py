"""Kept callbacks are read again, once the code has learned what they say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from faxhooks.db import callbacklists, callbacks
from faxhooks.db.callbacklists import CallbackFilter
from faxhooks.db.callbackwalks import Position
from faxhooks.db.engine import READ_DEADLINE, Database
from faxhooks.db.models import CallbackRow
from faxhooks.db.references import find_faxes
from faxhooks.db.rehearsal import rehearse
from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import NotFoundError, UnavailableError
from faxhooks.domain.fax import Evidence, Verdict
from faxhooks.services.auditing import Action, note
from faxhooks.services.directory import Directory, Entrance
from faxhooks.services.ingest import TOKEN, read
from faxhooks.services.keeping import Delivery, facts_of
from faxhooks.services.settling import Replay, Replayed, settle
from faxhooks.services.sightings import read_again

log = structlog.get_logger()

MOST: Final = 500
"""Callbacks of one replay: they are one transaction, for which others wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How to replay. With `dry_run` all of it is done, told and undone. `actor` is whoever
    asked, for the audit; None is the service itself, which reads on its own. `wanted` is
    what they asked for, in words without content.
    """

    actor: str | None = None
    dry_run: bool = False
    wanted: Mapping[str, Any] = field(default_factory=dict)


class Replayer:
    """Reads kept callbacks as this release reads them; repeating it changes nothing."""

    def __init__(self, database: Database, directory: Directory, release: str) -> None:
        self._database = database
        self._directory = directory
        self._release = release

    def replay(self, callback_id: UUID) -> Replayed:
        """Read one callback again. Raises NotFoundError."""
        return self.replay_one(callback_id).callbacks[0]

    def replay_one(self, callback_id: UUID, order: Order = Order()) -> Replay:
        """The same, with what became of the faxes. Raises NotFoundError."""
        done = self._replay([callback_id], order)
        if not done.callbacks:
            raise NotFoundError("there is no such callback")
        return done

    def list_faxes(self, callback_id: UUID) -> list[UUID]:
        """The faxes that a kept callback speaks of, by the ids that this release reads in it."""
        facts = [fact for each in self._read([callback_id]) for fact in facts_of(each)]
        keys = {key for fact in facts for key in fact.keys}
        found = self._database.read(lambda session: find_faxes(session, keys))
        return sorted(set(found.values()))

    def replay_page(
        self,
        wanted: CallbackFilter,
        order: Order,
        *,
        after: Position | None = None,
        limit: int = MOST,
    ) -> Replay:
        """Read the callbacks of this filter again, oldest first, so many behind `after`.

        They are one transaction, and so a dry run tells what a real one would do. Only if
        that fails for some callback's sake, each is tried alone, and the failing ones say so.
        """

        def ask(session: Session) -> tuple[list[UUID], Position | None]:
            return callbacklists.list_ids(session, wanted, limit=limit, after=after)

        found, position = self._database.read(ask)
        try:
            done = self._replay(found, order)
        except UnavailableError:
            raise
        except Exception:
            log.exception("callbacks_not_replayed", count=len(found))
            done = _joined([self._replay_alone(each, order) for each in found])
        return replace(done, position=position)

    def replay_all(self, wanted: CallbackFilter, order: Order) -> Iterator[Replay]:
        """All pages of this filter, each a transaction of its own."""
        page = self.replay_page(wanted, order)
        yield page
        while page.position is not None:
            page = self.replay_page(wanted, order, after=page.position)
            yield page

    def _replay_alone(self, callback_id: UUID, order: Order) -> Replay:
        try:
            return self._replay([callback_id], order)
        except UnavailableError:
            raise
        except Exception as error:
            log.exception("callback_not_replayed", callback_id=str(callback_id))
            row = self._database.read(lambda s: callbacks.get_callback(s, callback_id))
            verdict, reason = Verdict(row.verdict), f"internal: {type(error).__name__}"
            return Replay((Replayed(callback_id, verdict, verdict, reason),))

    def _replay(self, callback_ids: Sequence[UUID], order: Order) -> Replay:
        deliveries = self._read(callback_ids)

        def work(session: Session) -> Replay:
            done = settle(session, deliveries, self._release)
            if not order.dry_run:
                _audit(session, order, done)
            return done

        if not order.dry_run:
            return self._database.write(work, READ_DEADLINE)
        done = rehearse(self._database, work, READ_DEADLINE)
        self._database.write(lambda session: _audit(session, order, done))
        return done

    def _read(self, callback_ids: Sequence[UUID]) -> list[Delivery]:
        """As this release understands them, before anybody has to wait for a lock of ours."""
        rows = self._database.read(lambda s: callbacks.list_callbacks(s, callback_ids))
        entrances = {row.account_id: self._directory.get(row.account_id) for row in rows}
        return [_delivery(row, entrances[row.account_id]) for row in rows]


def _audit(session: Session, order: Order, done: Replay) -> None:
    if order.actor is None:
        return
    only = done.callbacks[0].callback_id if len(done.callbacks) == 1 else None
    note(
        session,
        order.actor,
        Action.CALLBACKS_REPLAYED,
        "callbacks" if only is None else f"callback:{only}",
        dry_run=order.dry_run,
        callbacks=len(done.callbacks),
        faxes_changed=len(done.faxes),
        **({"wanted": order.wanted} if order.wanted else {}),
    )


def _joined(replays: Sequence[Replay]) -> Replay:
    return Replay(
        tuple(each for replay in replays for each in replay.callbacks),
        tuple(each for replay in replays for each in replay.faxes),
    )


def _delivery(row: CallbackRow, entrance: Entrance) -> Delivery:
    """An answer of the provider's API has another reader than a callback."""
    request, evidence = restored(row, entrance), Evidence(row.evidence)
    if evidence is Evidence.CONFIRMED:
        return replace(read_again(entrance, request), id=row.id)
    return replace(read(entrance, request, evidence, row.path), id=row.id)


def restored(row: CallbackRow, entrance: Entrance) -> Callback:
    """The request as it came; its path holds the account's newest token again."""
    origin, _, token = entrance.account.hook_url.rpartition("/")
    path = row.path.replace(TOKEN, token)
    scheme, _, rest = origin.partition("://")
    return Callback(
        method=row.method,
        origin=f"{scheme}://{rest.partition('/')[0]}",
        target=f"{path}?{row.query}" if row.query else path,
        headers=row.headers,
        body=row.body,
        received_at=row.received_at,
    )
