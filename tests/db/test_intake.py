"""What a callback asks the database stays cheap, whatever the tables held when it was planned."""

from uuid import uuid4

from faxhooks.db import intake
from faxhooks.db.engine import Database


def test_ids_are_found_by_the_whole_key_though_there_was_none_yet(postgresql_url: str) -> None:
    """A connection keeps the plan that it made while the tables were empty, when every index
    looked as good: by half a key all of it is read, more with each fax.
    """
    database = Database(postgresql_url)
    pooled = database._swift.raw_connection()
    connection = pooled.dbapi_connection
    known = database.take(intake.look({(uuid4(), "an id")}), connection)
    assert (known.faxes, known.histories) == ({}, {})
    name = intake._LOOK_POSTGRESQL.name.decode()
    plan = connection.execute(f"EXPLAIN EXECUTE {name}('[]')").fetchall()
    keys = [line for (line,) in plan if "Index Cond" in line and "reference" in line]
    assert len(keys) == 1
    assert "account_id = " in keys[0]
    pooled.close()
    database.engine.dispose()
