from collections.abc import Iterator

import pytest

from tests.doors import WSGI
from tests.story import Api, Hook, Service, make_service


@pytest.fixture
def door() -> str:
    """Where the service of a test is entered."""
    return WSGI


@pytest.fixture
def service(database_url: str, door: str) -> Iterator[Service]:
    """A service in this process, on each database."""
    made = make_service(database_url, door)
    yield made
    made.parts.database.engine.dispose()


@pytest.fixture
def hook(service: Service) -> Hook:
    return service.hook


@pytest.fixture
def api(service: Service) -> Api:
    return service.api
