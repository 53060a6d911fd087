from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from tests.cli.clinic import PAT, add
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


@pytest.fixture
def fake() -> Iterator[FaxPlusFake]:
    """A provider where `clinic` may be connected."""
    with FaxPlusFake(secrets={"access-token": (PAT,)}).serve() as fake:
        yield fake


@pytest.fixture
def hook_url(faxhooks: Faxhooks, fake: FaxPlusFake) -> str:
    """That of the account `clinic`, which is led to the fake."""
    return add(faxhooks, "clinic", f"{fake.url}/v3")
