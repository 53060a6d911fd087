"""What no callback told is asked for: when, how often, and what is made of the answer."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from faxhooks.db.models import CallbackRow, EventRow
from faxhooks.simulator.fakes.behaviour import Behaviour
from tests.asked import World, world

SILENT = Behaviour(drop=1.0)
NAMES = ("signalwire", "faxplus")
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def silent(database_url: str) -> Iterator[World]:
    """Providers of which no callback ever comes."""
    with world(database_url, SILENT) as made:
        yield made


def counts(world: World) -> tuple[int, int, int]:
    """Callbacks and events that are kept, and how often the former were seen."""

    def ask(session):
        callbacks = session.scalar(select(func.count(CallbackRow.id)))
        seen = session.scalar(select(func.sum(CallbackRow.seen)))
        return callbacks, session.scalar(select(func.count()).select_from(EventRow)), seen

    return world.parts.database.read(ask)


@each
def test_a_fax_of_which_no_callback_came_is_found_in_the_provider_s_list(
    silent: World, name: str
) -> None:
    silent.sweep()
    fax = silent.send(name)
    silent.put_on(hours=1, minutes=2)
    silent.sweep()
    shown = silent.fax(fax)
    assert (shown["status"], shown["evidence"]) == ("delivered", "confirmed")
    (line,) = silent.service.api.history(fax)
    assert (line["source"], line["verdict"]) == ("poll", "applied")
    assert line["callback_id"] is not None


@each
def test_an_answer_that_says_what_is_known_adds_nothing(silent: World, name: str) -> None:
    silent.sweep()
    silent.send(name)
    for _ in range(6):
        silent.put_on(hours=3)
        silent.sweep()
    before = counts(silent)
    for _ in range(3):
        silent.put_on(hours=30)
        silent.sweep()
    assert counts(silent)[:2] == before[:2]
