"""API keys on the command line."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from faxhooks.db.models import KeyRow
from faxhooks.services.keys import find_grant
from tests.cli.running import Faxhooks
from tests.story import Service


def test_a_key_is_shown_once_and_nowhere_again(faxhooks: Faxhooks) -> None:
    made = faxhooks("--json", "key", "create", "--label", "ops", "--scope", "read").well().json
    assert list(made) == ["id", "key", "scopes"]
    assert made["scopes"] == ["read"]
    for command in (("key", "list"), ("key", "list", "--json"), ("key", "revoke", made["id"])):
        said = faxhooks(*command).well()
        assert made["id"] in said.out
        assert made["key"] not in said.out + said.err
    stored = faxhooks.read(lambda session: session.scalars(select(KeyRow)).one())
    assert made["key"].encode() not in stored.key_hash


def test_for_people_the_key_alone_is_on_standard_output(faxhooks: Faxhooks) -> None:
    said = faxhooks("key", "create", "--label", "ops").well()
    (key,) = said.out.splitlines()
    grant, _ = faxhooks.read(lambda session: find_grant(session, key, datetime.now(UTC)))
    assert grant is not None
    assert grant.scopes == {"read"}
    assert "not shown again" in said.err


@pytest.mark.parametrize(
    "given",
    [("--scope", "raw", "--scope", "read"), ("--scope", "raw,read"), ("--scope=raw, read",)],
)
def test_scopes_are_repeated_or_separated_by_commas(
    faxhooks: Faxhooks, given: tuple[str, ...]
) -> None:
    made = faxhooks("key", "create", "--json", "--label", "ops", *given).well().json
    assert made["scopes"] == ["read", "raw"]


@pytest.mark.parametrize("scope", ["root", "read,root", "", "read,", "READ"])
def test_a_scope_that_does_not_exist_is_a_usage_error(faxhooks: Faxhooks, scope: str) -> None:
    said = faxhooks("key", "create", "--label", "ops", "--scope", scope)
    assert (said.code, said.out) == (2, "")
    assert "--scope" in said.err


def test_a_key_ends_when_it_was_told_to(faxhooks: Faxhooks) -> None:
    made = faxhooks("--json", "key", "create", "--label", "ops", "--expires-in", "12h").well().json
    now = datetime.now(UTC)
    for moment, good in ((now + timedelta(hours=11), True), (now + timedelta(hours=13), False)):
        grant, _ = faxhooks.read(partial(find_grant, key=made["key"], now=moment))
        assert (grant is not None) is good


@pytest.mark.parametrize("age", ["0d", "30", "d", "-1d", "1w", "1.5h", "999999d"])
def test_an_age_is_a_whole_number_with_its_unit(faxhooks: Faxhooks, age: str) -> None:
    said = faxhooks("key", "create", "--label", "ops", f"--expires-in={age}")
    assert (said.code, said.out) == (2, "")
    assert "--expires-in" in said.err


def test_a_revoked_key_opens_nothing(faxhooks: Faxhooks, service: Service) -> None:
    made = faxhooks("--json", "key", "create", "--label", "ops").well().json
    service.api.key = made["key"]
    assert service.api.get("/faxes").status_code == 200
    assert faxhooks("--json", "key", "revoke", made["id"]).well().json["revoked_at"] is not None
    assert service.api.get("/faxes").status_code == 401


def test_a_key_of_one_account_sees_that_account_alone(faxhooks: Faxhooks, service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="queued")
    service.hook.faxplus("f2", "success")
    made = faxhooks("--json", "key", "create", "--label", "ops", "--account", "plus").well().json
    service.api.key = made["key"]
    assert [fax["provider_fax_id"] for fax in service.api.faxes()] == ["f2"]


def test_a_key_for_an_account_that_is_not_there_is_not_made(faxhooks: Faxhooks) -> None:
    said = faxhooks("key", "create", "--label", "ops", "--account", "nobody")
    assert (said.code, said.out) == (1, "")
    assert "faxhooks account list" in said.err
    assert faxhooks("--json", "key", "list").well().json == {"data": []}
