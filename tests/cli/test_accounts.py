"""Accounts on the command line: added, shown, rotated, turned off."""

import time
from datetime import UTC, datetime

import pytest

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError, NotFoundError
from faxhooks.domain.fax import Evidence
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.directory import FRESH_SECONDS
from tests.cli.running import Faxhooks, Said
from tests.story import PROJECT, PUBLIC_URL, signature, target

OLD = "PSK_theOldSigningKey012345"
NEW = "PSK_theNewSigningKey543210"
TOKEN = "PT0123456789abcdef"
FORM = {"FaxSid": "f1", "FaxStatus": "delivered"}


def add(faxhooks: Faxhooks, *more: str) -> Said:
    signing = ("--project-id", PROJECT, "--signing-key", OLD)
    return faxhooks("--json", "account", "add", "signalwire", "--label", "main", *signing, *more)


def token(url: str) -> str:
    return url.rpartition("/")[2]


def believes(faxhooks: Faxhooks, url: str, key: str) -> bool:
    """Whether the account behind this hook URL accepts a callback signed with this key."""
    callback = Callback(
        method="POST",
        origin=PUBLIC_URL,
        target=target(url),
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "x-signalwire-signature": signature(url, FORM, key),
        },
        body=b"FaxSid=f1&FaxStatus=delivered",
        received_at=datetime.now(UTC),
    )
    with faxhooks.parts() as parts:
        entrance = parts.directory.find("signalwire", token(url))
        try:
            return entrance.adapter.verify(callback) is Evidence.SIGNED
        except AuthenticityError:
            return False


def test_an_added_account_is_found_behind_its_hook_url(faxhooks: Faxhooks) -> None:
    made = add(faxhooks).well().json
    assert (made["provider"], made["label"]) == ("signalwire", "main")
    assert made["hook_url"].startswith(f"{PUBLIC_URL}/hooks/signalwire/")
    with faxhooks.parts() as parts:
        found = parts.directory.find("signalwire", token(made["hook_url"]))
    assert str(found.account.id) == made["id"]


def test_for_people_adding_ends_with_the_url_to_register_whole_on_its_line(
    faxhooks: Faxhooks,
) -> None:
    said = faxhooks("account", "add", "faxplus", "--label", "[red]plus\x1b[2J").well()
    url = faxhooks("--json", "account", "show", "[red]plus\x1b[2J").well().json["hook_url"]
    assert f"    {url}\n" in said.out
    assert "[red]plus\ufffd[2J" in said.out


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_is_added_with_its_own_options(faxhooks: Faxhooks, name: str) -> None:
    said = faxhooks("account", "add", name, "--help").well()
    for option in PROVIDERS[name].options:
        assert f"--{option.name}" in said.out
        if option.secret:
            assert f"FAXHOOKS_{option.name.upper().replace('-', '_')}" in said.out.replace("\n", "")


def test_a_secret_is_read_from_standard_input(faxhooks: Faxhooks) -> None:
    words = ("account", "add", "signalwire", "--label", "main", "--project-id", PROJECT)
    given = ("--signing-key", "-", "--signing-key", "-", "--api-token", "-")
    made = faxhooks("--json", *words, *given, stdin=f"{NEW}\n{OLD}\r\n{TOKEN}").well().json
    assert made["secrets"] == {"signing-key": 2, "api-token": 1, "sip-password": 0}
    assert believes(faxhooks, made["hook_url"], NEW)
    assert believes(faxhooks, made["hook_url"], OLD)


def test_a_secret_is_read_from_the_environment(faxhooks: Faxhooks) -> None:
    words = ("account", "add", "signalwire", "--label", "main", "--project-id", PROJECT)
    made = faxhooks("--json", *words, env={"FAXHOOKS_SIGNING_KEY": NEW}).well().json
    assert believes(faxhooks, made["hook_url"], NEW)


def test_empty_standard_input_is_said_and_nothing_is_added(faxhooks: Faxhooks) -> None:
    said = add(faxhooks, "--api-token", "-")
    assert (said.code, said.out) == (1, "")
    assert "--api-token" in said.err
    assert faxhooks("--json", "account", "list").well().json == {"data": []}


def test_a_wrong_value_names_its_option_and_is_not_shown(faxhooks: Faxhooks) -> None:
    said = add(faxhooks, "--api-token", "two words")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("faxhooks: --api-token: must be")
    assert "two words" not in said.err
    assert len(said.err.splitlines()) == 1


def test_a_missing_value_is_a_usage_error_that_names_its_option(faxhooks: Faxhooks) -> None:
    said = faxhooks("account", "add", "signalwire", "--label", "main", "--project-id", PROJECT)
    assert (said.code, said.out) == (2, "")
    assert "--signing-key" in said.err


def test_a_label_is_taken_once(faxhooks: Faxhooks) -> None:
    add(faxhooks).well()
    said = add(faxhooks)
    assert (said.code, said.out) == (1, "")
    assert "pick another" in said.err


def test_no_secret_is_ever_printed(faxhooks: Faxhooks) -> None:
    made = add(faxhooks, "--api-token", TOKEN).well()
    said = [made, faxhooks("account", "rotate", "main", "--signing-key", NEW).well()]
    for command in (
        ("account", "show", "main"),
        ("account", "list"),
        ("account", "enable", "main"),
    ):
        said += [faxhooks(*command).well(), faxhooks("--json", *command).well()]
    for each in said:
        for secret in (OLD, NEW, TOKEN):
            assert secret not in each.out + each.err
    shown = faxhooks("--json", "account", "show", made.json["id"]).json
    assert shown["secrets"] == {"signing-key": 2, "api-token": 1, "sip-password": 0}
    assert shown["options"]["project-id"] == [PROJECT]
    assert "set, 2 values" in faxhooks("account", "show", "main").out


def test_a_rotated_account_accepts_both_keys_until_the_old_one_is_dropped(
    faxhooks: Faxhooks,
) -> None:
    url = add(faxhooks).well().json["hook_url"]
    assert [believes(faxhooks, url, key) for key in (OLD, NEW)] == [True, False]
    faxhooks("account", "rotate", "main", "--signing-key", "-", stdin=NEW).well()
    assert [believes(faxhooks, url, key) for key in (OLD, NEW)] == [True, True]
    faxhooks("account", "rotate", "main", "--drop-old").well()
    assert [believes(faxhooks, url, key) for key in (OLD, NEW)] == [False, True]


def test_the_old_hook_url_stays_good_until_it_is_dropped(faxhooks: Faxhooks) -> None:
    old = add(faxhooks).well().json["hook_url"]
    said = faxhooks("account", "rotate", "main", "--hook-token").well()
    new, older = faxhooks("--json", "account", "show", "main").json["hook_urls"]
    assert older == old
    assert new in said.out
    with faxhooks.parts() as parts:
        both = {parts.directory.find("signalwire", token(url)).account.id for url in (old, new)}
    assert len(both) == 1
    left = faxhooks("--json", "account", "rotate", "main", "--drop-old").well().json
    assert left["hook_urls"] == [new]
    with faxhooks.parts() as parts, pytest.raises(NotFoundError):
        parts.directory.find("signalwire", token(old))


def test_a_value_that_does_not_rotate_is_replaced(faxhooks: Faxhooks) -> None:
    faxhooks("account", "add", "faxplus", "--label", "plus").well()
    changed = (
        faxhooks("--json", "account", "rotate", "plus", "--time-zone", "Asia/Tokyo").well().json
    )
    assert changed["options"]["time-zone"] == ["Asia/Tokyo"]


def test_what_the_environment_holds_is_not_rotated_in(faxhooks: Faxhooks) -> None:
    url = add(faxhooks).well().json["hook_url"]
    held = {"FAXHOOKS_SIGNING_KEY": NEW}
    faxhooks("account", "rotate", "main", "--hook-token", env=held).well()
    assert not believes(faxhooks, url, NEW)


def test_an_option_of_another_provider_is_refused_by_its_name(faxhooks: Faxhooks) -> None:
    add(faxhooks).well()
    said = faxhooks("account", "rotate", "main", "--time-zone", "UTC")
    assert (said.code, said.out) == (1, "")
    assert "--time-zone" in said.err
    assert "--signing-key" in said.err


def test_rotating_nothing_is_a_usage_error(faxhooks: Faxhooks) -> None:
    add(faxhooks).well()
    assert faxhooks("account", "rotate", "main").code == 2


def test_a_disabled_account_is_off_everywhere_within_seconds(faxhooks: Faxhooks) -> None:
    hook = token(add(faxhooks).well().json["hook_url"])
    with faxhooks.parts() as running:
        running.directory.find("signalwire", hook)
        faxhooks("account", "disable", "main").well()
        time.sleep(FRESH_SECONDS)
        with pytest.raises(NotFoundError):
            running.directory.find("signalwire", hook)
        assert faxhooks("--json", "account", "enable", "main").well().json["disabled_at"] is None
        time.sleep(FRESH_SECONDS)
        assert running.directory.find("signalwire", hook).account.label == "main"


VOIPNOW = (
    *("--base-url", "https://voipnow.example.com", "--client-id", "app"),
    *("--redirect-uri", "https://app.example.com/", "--extension", "0003*210"),
)
SENDING_ONLY = {
    "voipnow": (*VOIPNOW, "--client-secret", "s3cret"),
    "hubgets": ("--extension", "0003*210", "--access-token", "s3cret"),
}


@pytest.mark.parametrize("name", SENDING_ONLY)
def test_an_account_of_a_provider_without_callbacks_has_no_hook_url(
    faxhooks: Faxhooks, name: str
) -> None:
    said = faxhooks("account", "add", name, "--label", "main", *SENDING_ONLY[name]).well()
    assert "/hooks/" not in said.out
    assert "no callbacks" in said.out
    assert "s3cret" not in said.out
    shown = faxhooks("--json", "account", "show", "main").well().json
    assert (shown["hook_url"], shown["hook_urls"]) == (None, [])
    assert "/hooks/" not in faxhooks("account", "show", "main").well().out
    looked_at = faxhooks("doctor").out
    assert "/hooks/" not in looked_at
    assert "main has" not in looked_at
    refused = faxhooks("account", "rotate", "main", "--hook-token")
    assert refused.code != 0
    assert "no callbacks" in refused.err
    dropped = faxhooks("--json", "account", "rotate", "main", "--drop-old").well().json
    assert dropped["hook_url"] is None
