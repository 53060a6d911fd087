from collections.abc import Iterator

import pytest

from tests.story import Api, Hook, Service, make_service


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    """A service in this process, on each database."""
    made = make_service(database_url)
    yield made
    made.parts.database.engine.dispose()


@pytest.fixture
def hook(service: Service) -> Hook:
    return service.hook


@pytest.fixture
def api(service: Service) -> Api:
    return service.api
