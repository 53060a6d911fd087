"""How alembic reaches the database: one transaction, and one release at a time."""

import re
from collections.abc import Sequence
from typing import Any

from alembic import context
from sqlalchemy import Connection, Engine, event, text

from faxhooks.db import models_people as _people  # noqa: F401 (its tables belong to the schema)
from faxhooks.db import models_refusals as _refusals  # noqa: F401 (its tables belong to the schema)
from faxhooks.db import pollmodels as _pollmodels  # noqa: F401 (its tables belong to the schema)
from faxhooks.db import rollupmodels as _rollupmodels  # noqa: F401 (its tables belong to the schema)
from faxhooks.db import sendmodels as _sendmodels  # noqa: F401 (its tables belong to the schema)
from faxhooks.db.engine import open_engine
from faxhooks.db.models import Row

# An arbitrary number that names our lock among all advisory locks of the database.
LOCK = 7_329_446_871


def migrate(connection: Connection) -> None:
    """Run the migrations; two releases that start at once take turns."""
    context.configure(
        connection=connection,
        target_metadata=Row.metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,  # SQLite's is as well; alembic goes by what its driver once did.
    )
    if connection.dialect.name == "sqlite":
        _let_tables_be_made_anew(connection)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = '30s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            _refuse_broken_references(connection)


def _let_tables_be_made_anew(connection: Connection) -> None:
    """SQLite changes a column by making the table anew. Rows that refer to it would forbid
    that, and only outside of a transaction can they be told not to. A view of the table would
    as well, and its triggers would be gone with it.
    """
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.execute("PRAGMA legacy_alter_table = ON")
    _keep_triggers(connection)


def _keep_triggers(connection: Connection) -> None:
    """Give a table that is made anew the triggers of the one whose name it takes."""
    kept: dict[str, Sequence[str]] = {}

    @event.listens_for(connection, "before_cursor_execute")
    def remember(_: Connection, cursor: Any, statement: str, *__: Any) -> None:
        if dropped := re.match(r'\s*DROP TABLE "?(\w+)', statement):
            wanted = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
            found = cursor.connection.execute(wanted, dropped.groups())
            kept[dropped[1]] = [trigger for (trigger,) in found]

    @event.listens_for(connection, "after_cursor_execute")
    def put_back(_: Connection, cursor: Any, statement: str, *__: Any) -> None:
        if renamed := re.match(r'\s*ALTER TABLE \S+ RENAME TO "?(\w+)', statement):
            for trigger in kept.pop(renamed[1], ()):
                cursor.connection.execute(trigger)


def _refuse_broken_references(connection: Connection) -> None:
    """What SQLite did not look at meanwhile, before any of it is committed."""
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise RuntimeError(f"the migration left rows in {tables} that refer to nothing")


def engine() -> Engine:
    """The engine we were handed, or the configured one when alembic was called by hand."""
    given = context.config.attributes.get("engine")
    if isinstance(given, Engine):
        return given
    from faxhooks.settings import Settings  # noqa: PLC0415 (only alembic's own command needs it)

    return open_engine(Settings.from_env().database_url)


with engine().connect() as connection:
    migrate(connection)
