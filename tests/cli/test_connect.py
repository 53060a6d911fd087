"""An account's hook URL comes to its provider, once; what is not ours is left alone."""

from dataclasses import replace

import pytest

from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from tests.asked import world
from tests.cli.clinic import CONNECT, EVENTS, PAT, add, audited, registered, rotate, standings
from tests.cli.running import Faxhooks
from tests.fakes import send
from tests.providers.wire import answering, told
from tests.story import PUBLIC_URL

OAUTH = ("client-id", "client-secret", "refresh-token")


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


def test_tokens_that_are_renewed_on_the_way_are_kept(faxhooks: Faxhooks) -> None:
    with FaxPlusFake().serve() as fake:
        given = dict(fake.options) | {name: fake.secrets[name][0] for name in OAUTH}
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        faxhooks("account", "add", "faxplus", "--label", "clinic", *words).well()
        faxhooks(*CONNECT).well()
        fake.tokens.expire()
        again = faxhooks(*CONNECT, "--remove").well().json
    assert len(again["removed"]) == 2
    assert [call.path for call in fake.calls].count("/token") == 2
