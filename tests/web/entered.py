"""For tests of what a hook answers: by each door, and on each database by the shipped one."""

import pytest

from tests.doors import ASGI, WSGI

WAYS = [(WSGI, "sqlite"), (ASGI, "sqlite"), (ASGI, "postgresql")]


@pytest.fixture(params=WAYS, ids="-".join)
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A door and a kind of database."""
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def door(way: tuple[str, str]) -> str:
    return way[0]


@pytest.fixture
def database_url(way: tuple[str, str], request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{way[1]}_url")
    return url
