"""The schema on the command line."""

from threading import Event

import pytest
from sqlalchemy import text

from faxhooks.db.engine import Database
from faxhooks.db.revisions import head_revision
from faxhooks.services.summing import Summing
from tests.cli.running import Faxhooks
from tests.story import make_service, settings_for


@pytest.fixture
def blank(blank_database_url: str) -> Faxhooks:
    return Faxhooks(settings_for(blank_database_url))


def test_upgrading_twice_is_harmless(blank: Faxhooks) -> None:
    head = head_revision()
    assert blank("--json", "db", "upgrade").well().json == {"revision": head, "before": None}
    assert blank("--json", "db", "upgrade").well().json == {"revision": head, "before": head}


def test_check_fails_until_the_schema_is_this_release_s(blank: Faxhooks) -> None:
    said = blank("--json", "db", "check")
    assert said.code == 1
    assert (said.json["ok"], said.json["revision"]) == (False, None)
    levels = {finding["check"]: finding["level"] for finding in said.json["findings"]}
    assert levels == {"database": "ok", "schema": "fault", "durability": "ok"}
    assert "faxhooks db upgrade" in blank("db", "check").out
    blank("db", "upgrade").well()
    assert blank("--json", "db", "check").well().json["revision"] == head_revision()


def test_going_down_is_asked_about(blank: Faxhooks) -> None:
    head = head_revision()
    blank("db", "upgrade").well()
    assert blank("db", "downgrade", "base", stdin="n\n").code == 1
    assert blank("db", "downgrade", "base", stdin="").code == 1
    assert blank("--json", "db", "check").well().json["revision"] == head
    down = blank("--json", "db", "downgrade", "base", "--yes").well().json
    assert down == {"revision": None, "before": head}
    assert blank("--json", "db", "upgrade").well().json["revision"] == head


def faxes_in_sums(database: Database) -> int:
    noted = "SELECT sum(faxes) AS faxes FROM fax_deltas"
    summed = "SELECT sum(faxes) FROM fax_counts WHERE span = 'hour'"
    both = text(f"SELECT sum(faxes) FROM ({noted} UNION ALL {summed}) AS found")
    return database.read(lambda session: session.scalar(both)) or 0


def test_recounting_mends_the_sums(database_url: str) -> None:
    service = make_service(database_url)
    for number in range(3):
        service.hook.faxplus(f"fax{number}", "success")
    database = service.parts.database
    right = faxes_in_sums(database)
    Summing(database).run(Event())
    database.write(lambda session: session.execute(text("DELETE FROM fax_counts")))
    assert faxes_in_sums(database) != right
    assert Faxhooks(settings_for(database_url))("--json", "db", "recount").well().json["noted"] > 0
    assert faxes_in_sums(database) == right
    database.engine.dispose()
