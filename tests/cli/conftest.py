from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from tests.cli.running import Faxhooks
from tests.story import Service, make_service, settings_for


@pytest.fixture
def faxhooks(database_url: str) -> Faxhooks:
    """The command, on each database."""
    return Faxhooks(settings_for(database_url))


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    """A service on the database that the command works on, with an account of each provider."""
    made = make_service(database_url)
    yield made
    made.parts.database.engine.dispose()


@pytest.fixture
def runner() -> CliRunner:
    """The bare runner, for what cannot be composed."""
    return CliRunner()
