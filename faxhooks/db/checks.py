"""Whether the database may be trusted with what we acknowledge."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from faxhooks.db.engine import Database
from faxhooks.db.revisions import current_revision, head_revision
from faxhooks.domain.errors import SettingsError

_MUST_BE_ON = ("fsync", "full_page_writes")


def check_schema(database: Database) -> None:
    """Raises SettingsError when the tables are not those of this release."""
    current, head = current_revision(database), head_revision()
    if current != head:
        raise SettingsError(
            f"the database is at revision {current or 'none'}, this release needs {head}; "
            "run `faxhooks db upgrade`"
        )


def check_durability(database: Database) -> None:
    """Raises SettingsError when a commit could be lost with the power."""
    if database.is_sqlite:
        return  # Our own connections set synchronous=FULL.
    faults = database.read(_unsafe)
    if faults:
        raise SettingsError(
            f"PostgreSQL runs with {', '.join(faults)}: what is acknowledged could be lost; "
            "turn it on for the server and for this role and database"
        )


def _unsafe(session: Session) -> list[str]:
    faults = [
        f"{name} off"
        for name in _MUST_BE_ON
        if session.scalar(text("SELECT current_setting(:name)"), {"name": name}) != "on"
    ]
    if session.scalar(text("SELECT current_setting('synchronous_commit')")) == "off":
        faults.append("synchronous_commit off")
    return faults
