"""An account's hook URL comes to its provider, once; what is not ours is left alone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from faxhooks.providers.registry import PROVIDERS
from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from tests.asked import world
from tests.cli.running import Faxhooks
from tests.fakes import send
from tests.providers.contract import a_value
from tests.providers.wire import answering, told
from tests.story import PROJECT, PUBLIC_URL

PAT = "alohi_pat_s3cretS3cretS3cret"
EVENTS = ["fax_sent", "fax_received"]
CONNECT = ("--json", "account", "connect", "clinic")


@pytest.fixture
def fake() -> Iterator[FaxPlusFake]:
    with FaxPlusFake(secrets={"access-token": (PAT,)}).serve() as fake:
        yield fake


@pytest.fixture
def hook_url(faxhooks: Faxhooks, fake: FaxPlusFake) -> str:
    """That of the account `clinic`, which is led to the fake."""
    return add(faxhooks, "clinic", f"{fake.url}/v3")


def add(faxhooks: Faxhooks, label: str, base_url: str, *, token: str | None = PAT) -> str:
    words = ("--label", label, "--base-url", base_url)
    words += ("--access-token", "-") if token else ()
    made = faxhooks("--json", "account", "add", "faxplus", *words, stdin=token).well().json
    return str(made["hook_url"])


def rotate(faxhooks: Faxhooks, *words: str) -> str:
    """The newest hook URL after it."""
    return str(faxhooks("--json", "account", "rotate", "clinic", *words).well().json["hook_url"])


def registered(fake: FaxPlusFake) -> list[tuple[str, str]]:
    return [(hook["event"], hook["target"]) for hook in fake.hooks.values()]


def standings(said: Any) -> list[tuple[str, str]]:
    return [(hook["event"], hook["standing"]) for hook in said["hooks"]]


def audited(faxhooks: Faxhooks) -> list[tuple[str, dict[str, Any]]]:
    """What was audited about connecting, oldest first."""
    words = ("--action", "account.connected,account.disconnected")
    found = faxhooks("--json", "audit", "list", *words).well().json["data"]
    return [(row["action"], row["detail"]) for row in reversed(found)]


def test_a_hook_is_registered_for_each_event_and_a_second_time_none(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    said = faxhooks(*CONNECT).well().json
    assert (said["by"], said["hook_url"], said["missing"]) == ("api", hook_url, [])
    assert [hook["event"] for hook in said["added"]] == EVENTS
    assert registered(fake) == [(event, hook_url) for event in EVENTS]
    before = dict(fake.hooks)
    again = faxhooks(*CONNECT).well().json
    assert (again["added"], again["removed"], again["missing"]) == ([], [], [])
    assert standings(again) == [(event, "current") for event in EVENTS]
    assert fake.hooks == before
    assert [call.method for call in fake.calls] == ["GET", "GET", "POST", "POST", "GET", "GET"]


def test_what_was_begun_is_completed(faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str) -> None:
    faxhooks(*CONNECT).well()
    del fake.hooks[next(iter(fake.hooks))]
    said = faxhooks(*CONNECT).well().json
    assert [hook["event"] for hook in said["added"]] == ["fax_sent"]
    assert sorted(registered(fake)) == sorted((event, hook_url) for event in EVENTS)


def test_every_byte_that_leaves_is_as_documented(faxhooks: Faxhooks) -> None:
    empty = told({"data": []})
    made = [told({"id": each}, "201 Created") for each in ("h1", "h2")]
    with answering(empty, empty, *made) as wire:
        hook_url = add(faxhooks, "clinic", f"{wire.origin}/v3")
        faxhooks("account", "connect", "clinic").well()
    assert [head.splitlines()[0] for head in wire.heads] == [
        "GET /v3/hooks?event=fax_sent HTTP/1.1",
        "GET /v3/hooks?event=fax_received HTTP/1.1",
        "POST /v3/hooks HTTP/1.1",
        "POST /v3/hooks HTTP/1.1",
    ]
    assert [wire.header("Authorization", n) for n in range(4)] == [f"Bearer {PAT}"] * 4
    assert [wire.header("x-fax-clientid", n) for n in range(4)] == [None] * 4
    assert [wire.header("Content-Type", n) for n in range(4)] == [None] * 2 + [
        "application/json"
    ] * 2
    bodies = [f'{{"target":"{hook_url}","event":"{event}"}}'.encode() for event in EVENTS]
    assert [body for _, body in wire.requests] == [b"", b"", *bodies]


def test_showing_changes_nothing(faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str) -> None:
    before = faxhooks(*CONNECT, "--show").well().json
    assert (before["hooks"], before["missing"]) == ([], EVENTS)
    assert "`faxhooks account connect" in faxhooks("account", "connect", "clinic", "--show").out
    faxhooks(*CONNECT).well()
    assert standings(faxhooks(*CONNECT, "--show").well().json) == [(e, "current") for e in EVENTS]
    assert {call.method for call in fake.calls[:4]} == {"GET"}
    assert hook_url in faxhooks("account", "connect", "clinic", "--show").well().out


@pytest.mark.parametrize("forgotten", [False, True], ids=["still good", "dropped here"])
def test_an_old_url_is_pointed_out_and_removed_on_request_alone(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str, *, forgotten: bool
) -> None:
    faxhooks(*CONNECT).well()
    new = rotate(faxhooks, "--hook-token")
    if forgotten:
        rotate(faxhooks, "--drop-old")
    both = [*((event, hook_url) for event in EVENTS), *((event, new) for event in EVENTS)]
    said = faxhooks("account", "connect", "clinic").well()
    assert registered(fake) == both
    assert "--drop-old` removes it" in said.out
    dropped = faxhooks(*CONNECT, "--drop-old").well().json
    assert registered(fake) == [(event, new) for event in EVENTS]
    assert [hook["target"] for hook in dropped["removed"]] == [hook_url] * 2
    assert "--drop-old" not in faxhooks("account", "connect", "clinic").well().out


def test_the_new_url_is_registered_before_the_old_one_goes(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    faxhooks(*CONNECT).well()
    new = rotate(faxhooks, "--hook-token")
    del fake.calls[:]
    faxhooks(*CONNECT, "--drop-old").well()
    done = [call.method for call in fake.calls if call.method != "GET"]
    assert done == ["POST", "POST", "DELETE", "DELETE"]
    assert {target for _, target in registered(fake)} == {new} != {hook_url}


def test_a_url_of_before_the_service_moved_is_old(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    faxhooks(*CONNECT).well()
    moved = Faxhooks(replace(faxhooks.settings, public_url="https://moved.example.com"))
    said = moved(*CONNECT).well().json
    assert standings(said) == [(e, "old") for e in EVENTS] + [(e, "current") for e in EVENTS]
    assert said["hook_url"] == hook_url.replace(PUBLIC_URL, "https://moved.example.com")
    assert len(fake.hooks) == 4


def test_removing_ends_all_of_ours_and_nothing_else(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    sister = add(faxhooks, "sister", f"{fake.url}/v3")
    foreign = "https://elsewhere.example.com/hooks/faxplus/t0ken"
    fake.hooks["x"] = {"id": "x", "target": foreign, "event": "fax_sent"}
    faxhooks("account", "connect", "sister").well()
    faxhooks(*CONNECT).well()
    rotate(faxhooks, "--hook-token")
    faxhooks(*CONNECT).well()
    said = faxhooks(*CONNECT, "--remove").well().json
    assert len(said["removed"]) == 4
    assert hook_url in {hook["target"] for hook in said["removed"]}
    assert {target for _, target in registered(fake)} == {foreign, sister}
    assert {standing for _, standing in standings(said)} == {"other"}
    assert faxhooks(*CONNECT, "--remove").well().json["removed"] == []


def test_what_was_registered_and_removed_is_audited_and_nothing_else(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    for words in ((), (), ("--show",), ("--remove",), ("--remove",)):
        faxhooks(*CONNECT, *words).well()
    rows = audited(faxhooks)
    assert [action for action, _ in rows] == ["account.connected", "account.disconnected"]
    assert [detail["events"] for _, detail in rows] == [EVENTS] * 2
    assert rows[0][1]["hooks"] == rows[1][1]["hooks"]
    assert hook_url.rpartition("/")[2] not in str(rows)


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


def doctored(faxhooks: Faxhooks, *words: str) -> list[tuple[str, str, str | None]]:
    """What the doctor finds about hooks."""
    found = faxhooks("--json", "doctor", *words).well().json["findings"]
    return [(x["level"], x["text"], x["advice"]) for x in found if x["check"] == "hooks"]


def test_the_doctor_asks_only_when_told_to(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    assert hook_url
    add(faxhooks, "bare", f"{fake.url}/v3", token=None)
    assert doctored(faxhooks) == []
    assert fake.calls == []
    ((level, said, advice),) = doctored(faxhooks, "--ask")
    assert (level, said.partition(": ")[0]) == ("warning", "clinic")
    assert "fax_sent and fax_received" in said
    assert "faxhooks account connect" in (advice or "")
    faxhooks(*CONNECT).well()
    assert [level for level, _, _ in doctored(faxhooks, "--ask")] == ["ok"]
    rotate(faxhooks, "--hook-token")
    faxhooks(*CONNECT).well()
    ((level, _, advice),) = doctored(faxhooks, "--ask")
    assert level == "warning"
    assert "--drop-old" in (advice or "")


def test_the_doctor_goes_on_where_a_provider_does_not_answer(
    faxhooks: Faxhooks, fake: FaxPlusFake
) -> None:
    add(faxhooks, "away", "http://127.0.0.1:1/v3")
    add(faxhooks, "well", f"{fake.url}/v3")
    faxhooks("account", "connect", "well").well()
    found = doctored(faxhooks, "--ask")
    assert [(level, said.partition(": ")[0]) for level, said, _ in found] == [
        ("warning", "away"),
        ("ok", "well"),
    ]


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


def test_a_fax_is_told_of_once_its_account_is_connected(
    faxhooks: Faxhooks, database_url: str
) -> None:
    with world(database_url) as made:
        faxhooks("account", "connect", "asked-faxplus").well()
        fake = made.fakes["faxplus"]
        fax_id = send(fake)
        fake.clock.put_forward(600)
        made.settle()
        assert made.fax(fax_id)["status"] == "delivered"
