"""Accounts keep their secrets encrypted, and let go of old keys."""

from typing import Any

import pytest
from sqlalchemy import select

from faxhooks.db.engine import Database
from faxhooks.db.models import AccountRow, HookTokenRow
from faxhooks.db.vault import Vault
from faxhooks.domain.errors import SettingsError
from faxhooks.services.accounts import Accounts
from tests.story import PUBLIC_URL, SIGNING_KEY

OLD, NEW = "the-old-secret-key-0123456789abcdef", "the-new-secret-key-0123456789abcdef"
VALUES = {"project-id": ["b3877c40-da60-4998-90ad-b792e98472af"], "signing-key": [SIGNING_KEY]}


def stored(database: Database) -> list[bytes]:
    def ask(session: Any) -> list[bytes]:
        secrets = session.scalars(select(AccountRow.secrets))
        return [*secrets, *session.scalars(select(HookTokenRow.token))]

    return database.read(ask)


def test_a_secret_key_can_be_retired_after_resealing(database_url: str) -> None:
    database = Database(database_url)
    before = Accounts(Vault([OLD]), PUBLIC_URL)
    made = database.write(lambda session: before.add(session, "signalwire", "main", VALUES))
    assert not any(SIGNING_KEY.encode() in kept for kept in stored(database))
    both = Accounts(Vault([NEW, OLD]), PUBLIC_URL)
    assert database.write(both.reseal) == 1
    after = Accounts(Vault([NEW]), PUBLIC_URL)
    found = database.read(lambda session: after.get(session, "main"))
    assert (found.config, found.hook_urls) == (made.config, made.hook_urls)
    with pytest.raises(SettingsError, match="SECRET_KEYS"):
        database.read(lambda session: before.get(session, "main"))
    database.engine.dispose()
