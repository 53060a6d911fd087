"""Where an account cannot be connected, it is said why, and what to do; no secret is shown."""

from dataclasses import replace

import pytest

from faxhooks.providers.registry import PROVIDERS
from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from tests.cli.clinic import CONNECT, PAT, add, audited
from tests.cli.running import Faxhooks
from tests.providers.contract import a_value
from tests.providers.wire import answering, told
from tests.story import PROJECT


def test_a_fault_halfway_leaves_what_was_done_audited(faxhooks: Faxhooks) -> None:
    empty, made = told({"data": []}), told({"id": "h1"}, "201 Created")
    with answering(empty, empty, made, told({}, "503 Service Unavailable")) as wire:
        add(faxhooks, "clinic", f"{wire.origin}/v3")
        said = faxhooks("account", "connect", "clinic")
    assert (said.code, said.out) == (1, "")
    assert "ask again later" in said.err
    assert audited(faxhooks) == [("account.connected", {"events": ["fax_sent"], "hooks": ["h1"]})]


@pytest.mark.parametrize(
    ("answers", "scope"), [(0, "fax:webhook:read"), (2, "fax:webhook:edit")], ids=["list", "add"]
)
def test_a_token_without_the_scope_is_told_which_and_what_to_do(
    faxhooks: Faxhooks, answers: int, scope: str
) -> None:
    lists = [told({"data": []})] * answers
    with answering(*lists, told({"error": "forbidden"}, "403 Forbidden")) as wire:
        add(faxhooks, "clinic", f"{wire.origin}/v3")
        said = faxhooks("account", "connect", "clinic")
    assert (said.code, said.out) == (1, "")
    assert scope in said.err
    assert "faxhooks account rotate" in said.err
    assert audited(faxhooks) == []


def test_an_account_without_credentials_is_told_both_ways(
    faxhooks: Faxhooks, fake: FaxPlusFake
) -> None:
    hook_url = add(faxhooks, "clinic", f"{fake.url}/v3", token=None)
    said = faxhooks("account", "connect", "clinic")
    assert (said.code, said.out) == (1, "")
    assert "faxhooks account rotate" in said.err
    assert "--guide" in said.err
    guide = faxhooks("account", "connect", "clinic", "--guide").well().out
    assert "Integrations → Web Hooks" in guide
    assert guide.count(hook_url) == 4
    assert fake.calls == []


def test_a_disabled_account_is_not_connected_but_may_be_taken_off(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    faxhooks(*CONNECT).well()
    faxhooks("account", "disable", "clinic").well()
    said = faxhooks("account", "connect", "clinic")
    assert said.code == 1
    assert "account enable" in said.err
    assert hook_url not in said.err
    faxhooks(*CONNECT, "--remove").well()
    assert fake.hooks == {}


def test_a_provider_without_a_list_of_hooks_has_its_settings_printed(faxhooks: Faxhooks) -> None:
    words = ("--label", "main", "--project-id", PROJECT, "--signing-key", "PSK_abcdefgh")
    made = faxhooks("--json", "account", "add", "signalwire", *words).well().json
    said = faxhooks("--json", "account", "connect", "main").well().json
    assert (said["by"], said["hook_url"]) == ("hand", made["hook_url"])
    sent = said["steps"][0]
    events = [v["value"] for v in sent["values"] if v["name"] == "StatusCallbackEvent"]
    assert events[:4] == ["initiated", "ringing", "answered", "completed"]
    assert {"name": "StatusCallback", "value": made["hook_url"]} in sent["values"]
    shown = faxhooks("account", "connect", "main").well().out
    for step in said["steps"]:
        for line in (step["command"] or "").splitlines():
            assert line in shown
    assert "PSK_" not in shown
    for way in ("--show", "--remove", "--drop-old"):
        assert faxhooks("account", "connect", "main", way).code == 2


def test_a_provider_that_calls_nobody_has_nothing_to_be_connected(faxhooks: Faxhooks) -> None:
    silent = [provider for provider in PROVIDERS.values() if not provider.has_hook]
    assert silent
    for provider in silent:
        given = [
            word
            for option in provider.options
            if option.required
            for word in (f"--{option.name}", a_value(option))
        ]
        faxhooks("account", "add", provider.name, "--label", provider.name, *given).well()
        assert "no callbacks" in faxhooks("account", "connect", provider.name).well().out
        said = faxhooks("--json", "account", "connect", provider.name).well().json
        assert (said["by"], said["hook_url"]) == ("none", None)


def test_two_ways_at_once_are_refused_before_anything_is_done(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    assert hook_url
    assert faxhooks(*CONNECT, "--show", "--remove").code == 2
    assert fake.calls == []


def test_no_token_is_in_the_log_however_much_is_logged(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    loud = Faxhooks(replace(faxhooks.settings, log_level="debug"))
    said = [loud(*CONNECT).well(), loud("account", "connect", "clinic").well()]
    fake.tokens.let_in = lambda _: False  # type: ignore[method-assign]
    said.append(loud("account", "connect", "clinic"))
    assert said[-1].code == 1
    for each in said:
        assert hook_url.rpartition("/")[2] not in each.err
        assert PAT not in each.out + each.err
