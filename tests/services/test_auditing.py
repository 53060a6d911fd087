"""What an auditor will ask for is written down, and stays as it was written."""

import os
import pwd
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from faxhooks.db.audit import AuditFilter, list_audit
from faxhooks.db.engine import Database
from faxhooks.services.auditing import Action, note, unix_actor
from tests.cli.running import Faxhooks
from tests.story import settings_for


@pytest.fixture
def database(database_url: str) -> Any:
    opened = Database(database_url)
    yield opened
    opened.engine.dispose()


def test_a_note_says_who_did_what_to_which_and_when(database: Database) -> None:
    database.write(lambda s: note(s, "cli:ann", Action.KEY_CREATED, "key:1", scopes=["read"]))
    (row,) = database.read(list_audit)
    assert (row.actor, row.action, row.subject) == ("cli:ann", "key.created", "key:1")
    assert row.detail == {"scopes": ["read"]}
    assert row.at.utcoffset() is not None


def test_a_note_is_undone_with_the_deed(database: Database) -> None:
    def fail(session: Any) -> None:
        note(session, "cli:ann", Action.KEY_CREATED, "key:1")
        raise LookupError

    with pytest.raises(LookupError):
        database.write(fail)
    assert database.read(list_audit) == []


@pytest.mark.parametrize("deed", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_no_row_is_changed_or_deleted(database: Database, deed: str) -> None:
    database.write(lambda s: note(s, "cli:ann", Action.KEY_CREATED, "key:1"))
    with pytest.raises(DBAPIError, match="only ever added to"):
        database.write(lambda session: session.execute(text(deed)))
    assert [row.actor for row in database.read(list_audit)] == ["cli:ann"]


def test_postgresql_does_not_empty_it_either(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with pytest.raises(DBAPIError, match="only ever added to"):
        database.write(lambda session: session.execute(text("TRUNCATE audit")))
    database.engine.dispose()


def test_numbers_and_secrets_are_masked(database: Database) -> None:
    said = {"reason": "call +13105550101", "keys": ["fhk_abcdefgh", "PSK_abcdefgh"]}
    database.write(
        lambda s: note(s, "key:1 fhk_abcdefgh", Action.CALLBACK_READ, "+13105550101", **said)
    )
    (row,) = database.read(list_audit)
    kept = f"{row.actor} {row.subject} {row.detail}"
    assert "abcdefgh" not in kept
    assert "5550101" not in kept


def test_the_newest_come_first_page_after_page(database: Database) -> None:
    for number in range(5):
        database.write(lambda s, n=number: note(s, "cli:ann", Action.KEY_REVOKED, f"key:{n}"))
    first = database.read(lambda session: list_audit(session, limit=2))
    last = first[-1].at, first[-1].id
    rest = database.read(lambda session: list_audit(session, after=last))
    assert [row.subject for row in (*first, *rest)] == [f"key:{n}" for n in (4, 3, 2, 1, 0)]
    assert (
        database.read(lambda session: list_audit(session, AuditFilter(actions=["key.created"])))
        == []
    )


def test_a_command_is_its_unix_users_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert unix_actor() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


def test_what_commands_do_to_keys_and_accounts_is_audited(database_url: str) -> None:
    faxhooks = Faxhooks(settings_for(database_url))
    secret = "PSK_oneSecretOfMany0123456789"
    project = ("--project-id", "b3877c40-da60-4998-90ad-b792e98472af")
    add = ("account", "add", "signalwire", "--label", "main", *project, "--signing-key", secret)
    account = faxhooks("--json", *add).well().json
    faxhooks("account", "rotate", "main", "--signing-key", secret[:-1], "--drop-old").well()
    faxhooks("account", "rotate", "main", "--hook-token").well()
    for word in ("disable", "disable", "enable"):
        faxhooks("account", word, "main").well()
    key = faxhooks("--json", "key", "create", "--label", "ops", "--account", "main").well().json
    for _ in range(2):
        faxhooks("key", "revoke", key["id"]).well()
    rows = list(reversed(faxhooks.read(list_audit)))
    assert [row.action for row in rows] == [
        "account.added",
        "account.rotated",
        "account.dropped_old",
        "account.rotated",
        "account.disabled",
        "account.enabled",
        "key.created",
        "key.revoked",
    ]
    assert {row.actor for row in rows} == {unix_actor()}
    about = [f"account:{account['id']}"] * 6 + [f"key:{key['id']}"] * 2
    assert [row.subject for row in rows] == about
    assert rows[1].detail == {"options": ["signing-key"], "hook_token": False}
    assert rows[6].detail["account_id"] == account["id"]
    kept = " ".join(str(row.detail) for row in rows)
    assert secret[:-1] not in kept
    assert account["hook_url"] not in kept


def test_what_is_refused_is_not_audited_as_done(database_url: str) -> None:
    faxhooks = Faxhooks(settings_for(database_url))
    assert faxhooks("account", "disable", "nobody").code == 1
    assert faxhooks("key", "revoke", "01993e3a-0000-7000-8000-000000000000").code == 1
    assert faxhooks.read(list_audit) == []
