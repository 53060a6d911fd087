"""Users on the command line."""

import pytest
from sqlalchemy import select

from faxhooks.db.audit import list_audit
from faxhooks.db.models_people import UserRow
from faxhooks.services.passwords import is_password
from tests.cli.running import Faxhooks

PASSWORD = "correct horse battery"


def add(faxhooks: Faxhooks, *words: str) -> dict[str, object]:
    said = faxhooks("--json", "user", "add", *words, stdin=f"{PASSWORD}\n").well()
    assert PASSWORD not in said.out + said.err
    made: dict[str, object] = said.json
    return made


def stored(faxhooks: Faxhooks) -> UserRow:
    return faxhooks.read(lambda session: session.scalars(select(UserRow)).one())


def test_a_user_is_added_with_a_password_that_nobody_can_read(faxhooks: Faxhooks) -> None:
    made = add(faxhooks, "Ada")
    assert list(made) == ["name", "id", "role", "created_at", "disabled_at"]
    assert (made["name"], made["role"]) == ("ada", "viewer")
    row = stored(faxhooks)
    assert row.password.startswith("scrypt$32768$8$3$")
    assert PASSWORD not in row.password
    assert is_password(PASSWORD, row.password)
    assert not is_password(PASSWORD.upper(), row.password)
    assert PASSWORD not in faxhooks("user", "list").well().out


def test_a_password_may_come_by_the_environment(faxhooks: Faxhooks) -> None:
    faxhooks("user", "add", "ada", env={"FAXHOOKS_PASSWORD": "of the environment"}).well()
    assert is_password("of the environment", stored(faxhooks).password)


def test_two_users_of_one_password_have_nothing_in_common(faxhooks: Faxhooks) -> None:
    add(faxhooks, "ada")
    add(faxhooks, "bob", "--role", "admin")
    rows = faxhooks.read(lambda session: session.scalars(select(UserRow)).all())
    assert len({row.password.rpartition("$")[2] for row in rows}) == 2


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (("ada",), "too short", "12 to 256 characters"),
        (("ada",), "x" * 257, "12 to 256 characters"),
        (("a b",), PASSWORD, "1 to 64 letters"),
        (("",), PASSWORD, "1 to 64 letters"),
        (("taken",), PASSWORD, "of this name already"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(
    faxhooks: Faxhooks, words: tuple[str, ...], password: str, said: str
) -> None:
    add(faxhooks, "taken")
    refused = faxhooks("user", "add", *words, stdin=f"{password}\n")
    assert refused.code == 1
    assert said in refused.err
    assert password not in refused.err


def test_a_user_is_disabled_enabled_and_given_another_password(faxhooks: Faxhooks) -> None:
    add(faxhooks, "ada")
    assert faxhooks("--json", "user", "disable", "ADA").well().json["disabled_at"] is not None
    assert faxhooks("--json", "user", "enable", "ada").well().json["disabled_at"] is None
    faxhooks("user", "password", "ada", stdin="another one altogether\n").well()
    assert is_password("another one altogether", stored(faxhooks).password)
    actions = [row.action for row in faxhooks.read(list_audit)]
    assert actions == ["user.password_set", "user.enabled", "user.disabled", "user.added"]


@pytest.mark.parametrize("command", ["disable", "enable", "password"])
def test_a_user_that_is_not_there_is_named_as_such(faxhooks: Faxhooks, command: str) -> None:
    said = faxhooks("user", command, "nobody", stdin=f"{PASSWORD}\n")
    assert said.code == 1
    assert "faxhooks user list" in said.err
