"""Schemas that go up and down under data, and what the data come to."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Inspector, inspect
from sqlalchemy.engine import make_url

from faxhooks.db import migrations
from faxhooks.db.opening import open_engine
from faxhooks.db.revisions import head_revision

Shape = Mapping[str, Sequence[str]]
"""Tables and their columns."""

REHEARSAL: Final = "rehearsal"
UP: Final = """
    op.add_column("faxes", sa.Column("rehearsed", sa.Text(), nullable=True))
    op.execute("UPDATE faxes SET rehearsed = provider_fax_id")
    with op.batch_alter_table("faxes") as faxes:
        faxes.alter_column("rehearsed", nullable=False, existing_type=sa.Text())
    op.create_index("ix_faxes_rehearsed", "faxes", ["rehearsed"])
"""
"""What later revisions will do: a column that is filled from others and then required, for
which SQLite has to make a large table anew that others refer to.
"""
DOWN: Final = """
    op.drop_index("ix_faxes_rehearsed", "faxes")
    with op.batch_alter_table("faxes") as faxes:
        faxes.drop_column("rehearsed")
"""
_REVISION: Final = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:{up}

def downgrade() -> None:{down}
"""


def revisions() -> list[str]:
    """Those there are, the newest first."""
    script = ScriptDirectory.from_config(migrations._config())
    return [each.revision for each in script.walk_revisions()]


def rehearsal() -> str:
    """The text of one more revision on top of them."""
    head = head_revision()
    return _REVISION.format(revision=REHEARSAL, head=head, up=UP, down=DOWN)


@contextmanager
def with_rehearsal(folder: Path) -> Iterator[None]:
    """For a while the newest revision is a made-up one, kept in `folder`."""
    config, text = migrations._config, rehearsal()
    scripts = folder / "migrations"
    shutil.copytree(str(config().get_main_option("script_location")), scripts)
    (scripts / "versions" / "9999_rehearsal.py").write_text(text)

    def with_one_more() -> Config:
        made = config()
        made.set_main_option("script_location", str(scripts).replace("%", "%%"))
        return made

    migrations._config = with_one_more
    try:
        yield
    finally:
        migrations._config = config


def shape_at(revision: str, folder: Path) -> Shape:
    """The tables of a revision, which are the same on every database."""
    url = f"sqlite:///{folder / f'{revision}.db'}"
    migrations.upgrade(url, revision)
    return shape_of(url)


def shape_of(database_url: str) -> Shape:
    """The tables there are, but for alembic's own."""
    with _inspected(database_url) as found:
        return {
            table: sorted(column["name"] for column in found.get_columns(table))
            for table in found.get_table_names()
            if table != "alembic_version"
        }


@contextmanager
def _inspected(database_url: str) -> Iterator[Inspector]:
    engine = open_engine(database_url)
    try:
        yield inspect(engine)
    finally:
        engine.dispose()


def common(one: Shape, other: Shape) -> Shape:
    """What both have."""
    return {
        table: [column for column in one[table] if column in other[table]]
        for table in one
        if table in other
    }


def checksum(database_url: str, shape: Shape) -> dict[str, str]:
    """For each table the digest of these columns of all its rows, in order of their keys."""
    with _inspected(database_url) as found:
        queries = {table: _select(found, table, shape[table]) for table in shape}
    url = make_url(database_url)
    if url.drivername.startswith("sqlite"):
        with closing(sqlite3.connect(str(url.database))) as connection:
            return {table: _hashed(_rows(connection, queries[table])) for table in shape}
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as postgresql:
        return {table: _hashed(_copied(postgresql, queries[table])) for table in shape}


def _select(found: Inspector, table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    keys = ", ".join(found.get_pk_constraint(table)["constrained_columns"])
    return f'SELECT {names} FROM "{table}" ORDER BY {keys}'


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[bytes]:
    cursor = connection.execute(query)
    while rows := cursor.fetchmany(5_000):
        yield repr(rows).encode()


def _copied(connection: Any, query: str) -> Iterator[bytes]:
    with connection.cursor().copy(f"COPY ({query}) TO STDOUT") as copy:
        yield from map(bytes, copy)


def _hashed(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
