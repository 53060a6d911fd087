"""A provider's answer becomes history as a callback does: kept as it came, then recorded."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db.references import find_faxes
from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Evidence, FaxEvent
from faxhooks.providers.asking import Sighting
from faxhooks.services.directory import Entrance
from faxhooks.services.keeping import Delivery, facts_of, keep

log = structlog.get_logger()


def take_in(
    session: Session, entrance: Entrance, sightings: Sequence[Sighting], release: str
) -> list[UUID | None]:
    """Keep these answers and record what they state, in the caller's transaction.

    An answer that says what one before it said is only counted there. The faxes they are
    about, in their order; None for an answer that could not be read.
    """
    deliveries = [as_delivery(entrance, sighting) for sighting in sightings]
    keep(session, deliveries, release)
    return find_known(session, deliveries)


def find_known(session: Session, deliveries: Sequence[Delivery]) -> list[UUID | None]:
    """The fax that each of these is about, as far as it is known."""
    keys = [[key for fact in facts_of(each) for key in fact.keys] for each in deliveries]
    found = find_faxes(session, {key for each in keys for key in each})
    return [next((found[key] for key in each if key in found), None) for each in keys]


def as_delivery(entrance: Entrance, sighting: Sighting) -> Delivery:
    """An answer in the shape of a callback; what it is confirmed by is that we asked."""
    answer = sighting.answer
    path = answer.target.partition("?")[0]
    return Delivery(
        uuid7(),
        entrance,
        path,
        answer,
        Evidence.CONFIRMED,
        sighting.digest,
        sighting.events,
        sighting.reason,
    )


def read_again(entrance: Entrance, answer: Callback) -> Delivery:
    """A kept answer as this release reads it; never raises, like the reading of a callback."""
    delivery = as_delivery(entrance, Sighting(answer))
    try:
        events = _events(entrance, answer)
    except UnreadableError as error:
        return replace(delivery, reason=str(error))
    except Exception as error:
        log.exception("answer_not_read", account_id=str(entrance.account.id))
        return replace(delivery, reason=f"internal: {type(error).__name__}")
    return as_delivery(entrance, Sighting(answer, events))


def _events(entrance: Entrance, answer: Callback) -> tuple[FaxEvent, ...]:
    read_answer = entrance.provider.read_answer
    if read_answer is None:
        raise UnreadableError("no reader: this release does not ask the provider")
    return read_answer(entrance.account.config, answer)
