"""Faxes that are ordered in tests, over fakes of the providers."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from faxhooks.db.sendmodels import SendRow
from faxhooks.providers.sending import PDF, Document, Order
from faxhooks.services.carriers import Carriers
from faxhooks.services.ordering import Request, place
from faxhooks.services.redialing import Redialer
from faxhooks.services.retrying import ONCE, Persistence
from faxhooks.services.sending import Dispatcher
from faxhooks.services.tracing import Habits
from tests.asked import World
from tests.fakes import FROM, TO

FAX = b"%PDF-1.4 a fax"
ORDER = Order(to="", sender=FROM, documents=(Document(name="a.pdf", media_type=PDF, content=FAX),))
QUICK = Habits(
    lease=timedelta(minutes=5), settling=timedelta(minutes=1), backoff=timedelta(seconds=5)
)


def order(
    world: World, name: str, *to: str, persistence: Persistence = ONCE, **changes: Any
) -> list[UUID]:
    """Order a fax to each of these with the account at that fake."""
    carrier = Carriers(world.parts).get(world.accounts[name].id)
    request = Request(recipients=to or (TO,), order=replace(ORDER, **changes))
    now = world.time.now()
    shelf = world.parts.shelf

    def enter(session: Session) -> list[UUID]:
        said: Any = {"shelf": shelf, "actor": "test", "persistence": persistence}
        return place(session, carrier, request, now, **said)

    return world.parts.database.write(enter, 20.0)


def dispatch(world: World, habits: Habits = QUICK) -> dict[str, int]:
    """One pass of a new worker."""
    return Dispatcher(world.parts, world.time.now, habits).run(Event())


def redial(world: World) -> int:
    """One pass over what has ended: how many faxes begin anew."""
    return Redialer(world.parts, world.time.now).run(Event())["redials"]


def shown(world: World, fax_id: UUID) -> dict[str, Any]:
    """The fax as the API shows it."""
    answer = world.service.api.get(f"/faxes/{fax_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.text)
    return found


def told(world: World, fax_id: UUID) -> list[tuple[str, str | None]]:
    """Its history: who said it, and what."""
    answer = world.service.api.get(f"/faxes/{fax_id}/history")
    return [(line["source"], line["status"]) for line in json.loads(answer.text)["data"]]


def state(world: World, fax_id: UUID | str) -> str:
    """Where it is on the way to its provider."""
    return world.parts.database.read(
        lambda s: s.scalars(select(SendRow.state).where(SendRow.fax_id == UUID(str(fax_id)))).one()
    )


def taken(world: World, name: str) -> list[Mapping[str, Any]]:
    """What the provider took, each with its recipient."""
    fake: Any = world.fakes[name]
    return [{"to": each.stage.recipient} for each in fake.faxes.values()]
