"""Which revision the schema is at, and which one this release is written for.

Every web process asks; alembic, which takes 8 MB, is for those who change the schema.
"""

from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from faxhooks.db.engine import Database
from faxhooks.domain.errors import SettingsError


def head_revision() -> str:
    """The revision this release is written for: the number of its last migration.

    Raises SettingsError when the migrations are not there.
    """
    numbers = [path.name.partition("_")[0] for path in folder().glob("versions/[0-9]*_*.py")]
    if not numbers:
        raise SettingsError("the migrations folder is empty; install faxhooks again")
    return max(numbers)


def current_revision(database: Database) -> str | None:
    """The revision the database is at; None when it has no tables yet."""

    def ask(session: Session) -> str | None:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
        return found

    return database.read(ask)


def folder() -> Path:
    """The migrations: beside the package in a checkout, below the folder we run in otherwise.

    Raises SettingsError when they are in neither.
    """
    beside = Path(__file__).parents[2] / "migrations"
    found = beside if beside.is_dir() else Path("migrations").resolve()
    if not found.is_dir():
        raise SettingsError("there is no migrations folder here; run this in the project's root")
    return found
