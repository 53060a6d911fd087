"""What every test may ask for. A database comes migrated, empty and for this test alone."""

import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faxhooks.db import migrations
from tests.databases import Databases

DATABASES = pytest.StashKey[Databases]()


def pytest_configure(config: pytest.Config) -> None:
    """The first process of a run names its folder; the others, if any, are told."""
    given = getattr(config, "workerinput", {}).get("databases")
    folder = Path(given or tempfile.mkdtemp(prefix="faxhooks_test_"))
    config.stash[DATABASES] = Databases(folder, migrations.upgrade)
    if threading.current_thread() is threading.main_thread():
        # A run that is told to stop ends as with Ctrl-C, so that it tidies up as well.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a pytest-xdist worker where the run keeps what its processes share."""
    node.workerinput["databases"] = str(node.config.stash[DATABASES].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """After the last test, however it ended, nothing of the run is left behind."""
    if DATABASES in config.stash and not hasattr(config, "workerinput"):
        config.stash[DATABASES].close()


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """The databases of this run, for tests that need more than one."""
    return request.config.stash[DATABASES]


@pytest.fixture
def sqlite_url(databases: Databases, tmp_path: Path) -> str:
    """A migrated, empty SQLite database."""
    return databases.sqlite(tmp_path / "faxhooks.db")


@pytest.fixture
def postgresql_url(databases: Databases) -> str:
    """A migrated, empty PostgreSQL database."""
    return databases.postgresql()


@pytest.fixture
def blank_sqlite_url(tmp_path: Path) -> str:
    """A SQLite database without any table."""
    return f"sqlite:///{tmp_path / 'blank.db'}"


@pytest.fixture
def blank_postgresql_url(databases: Databases) -> Iterator[str]:
    """A PostgreSQL database without any table."""
    with databases.blank_postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_database_url(request: pytest.FixtureRequest) -> str:
    """A database without any table; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"blank_{request.param}_url")
    return url
