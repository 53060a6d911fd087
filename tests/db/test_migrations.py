"""The schema goes up and down with data in it, and is what the code says."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import inspect

from faxhooks.db import migrations
from faxhooks.db.checks import check_schema
from faxhooks.db.engine import Database, open_engine
from faxhooks.db.revisions import head_revision
from faxhooks.domain.errors import SettingsError
from tests.faults.migrating import checksum, revisions, shape_of, with_rehearsal
from tests.story import make_service


def test_the_tables_are_those_of_the_code(blank_database_url: str) -> None:
    migrations.upgrade(blank_database_url)
    migrations.check(blank_database_url)


def test_the_head_is_the_migration_with_the_greatest_number() -> None:
    assert head_revision() == revisions()[0] == max(revisions())


def test_up_down_and_up_again(blank_database_url: str) -> None:
    migrations.upgrade(blank_database_url)
    service = make_service(blank_database_url)
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    service.parts.database.engine.dispose()
    migrations.downgrade(blank_database_url, "base")
    engine = open_engine(blank_database_url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    migrations.upgrade(blank_database_url)
    migrations.check(blank_database_url)


def test_two_releases_at_once_take_turns(blank_postgresql_url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        list(pool.map(migrations.upgrade, [blank_postgresql_url] * 3))
    migrations.check(blank_postgresql_url)


def test_a_schema_of_another_release_is_named_with_what_to_do(blank_database_url: str) -> None:
    database = Database(blank_database_url)
    with pytest.raises(SettingsError, match="run `faxhooks db upgrade`"):
        check_schema(database)
    migrations.upgrade(blank_database_url)
    check_schema(database)
    database.engine.dispose()


def test_a_table_that_others_refer_to_is_made_anew_with_its_rows(
    blank_database_url: str, tmp_path: Path
) -> None:
    """As SQLite must whenever a column of it changes; what triggers do with it goes on."""
    migrations.upgrade(blank_database_url)
    service = make_service(blank_database_url)
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    shape = shape_of(blank_database_url)
    before = checksum(blank_database_url, shape)
    with with_rehearsal(tmp_path):
        migrations.upgrade(blank_database_url)
        assert checksum(blank_database_url, shape) == before
        migrations.downgrade(blank_database_url, "-1")
    assert checksum(blank_database_url, shape) == before
    migrations.check(blank_database_url)
    service.hook.signalwire(FaxSid="f2", FaxStatus="delivered")
    assert service.api.get("/stats").json["total"]["faxes"] == 2
    service.parts.database.engine.dispose()
