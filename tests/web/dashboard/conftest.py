from collections.abc import Iterator

import pytest

from tests.story import Service, make_service
from tests.web.dashboard.visitor import Visitor


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    """A service in this process, on each database."""
    made = make_service(database_url)
    yield made
    made.parts.database.engine.dispose()


@pytest.fixture
def reader(service: Service) -> Visitor:
    """Somebody who has signed in with a key that reads."""
    return Visitor(service.app).sign_in_with(service.api.key)
