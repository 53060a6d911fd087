"""What is another account's is as absent as what never was: every route, every kind of object.

A route of the API without a cell in the table fails the build.
"""

import pytest

from tests.story import Service
from tests.web.tenancy import CELLS, World, make_world, routes


@pytest.fixture
def world(service: Service) -> World:
    return make_world(service)


def test_every_route_of_the_api_has_its_cells(service: Service) -> None:
    assert routes(service.app) == set(CELLS)


@pytest.mark.parametrize(
    ("route", "kind"), [(route, kind) for route, cells in CELLS.items() for kind in cells]
)
def test_what_is_anothers_is_absent(world: World, route: str, kind: str) -> None:
    CELLS[route][kind](world)


def test_a_key_of_an_account_does_not_change_anothers_fax(world: World) -> None:
    before = world.ask(world.theirs, "GET", f"/faxes/{world.fax}").json
    world.ask(world.ours, "PATCH", f"/faxes/{world.fax}", {"tags": {"case": "mine"}})
    world.ask(world.ours, "POST", "/callbacks/replay", {})
    assert world.ask(world.theirs, "GET", f"/faxes/{world.fax}").json == before
    unread = world.ask(world.theirs, "GET", f"/callbacks/{world.callback}").json
    assert unread["verdict"] == "unrecognized"
