"""Taking in what the providers know, and what is shown of asking them."""

from collections.abc import Iterator

import pytest

from faxhooks.simulator.fakes.behaviour import Behaviour
from tests.asked import World, world
from tests.cli.running import Faxhooks


@pytest.fixture
def silent(database_url: str) -> Iterator[World]:
    """Providers of which no callback ever comes."""
    with world(database_url, Behaviour(drop=1.0)) as made:
        yield made


def test_faxes_never_heard_of_are_taken_in_and_a_second_time_changes_nothing(
    faxhooks: Faxhooks, silent: World
) -> None:
    ids = [silent.send(name) for name in ("signalwire", "faxplus") for _ in range(3)]
    for fake in silent.fakes.values():
        fake.clock.put_forward(1800)
    first = faxhooks("--json", "reconcile", "--since", "2h").well().json
    assert {row["account"]: row["new"] for row in first["accounts"]} == {
        "asked-signalwire": 3,
        "asked-faxplus": 3,
    }
    before = [silent.fax(fax_id) for fax_id in ids]
    assert {fax["status"] for fax in before} == {"delivered"}
    again = faxhooks("--json", "reconcile", "--since", "2h").well().json
    assert [(row["new"], row["changed"]) for row in again["accounts"]] == [(0, 0), (0, 0)]
    assert [silent.fax(fax_id) for fax_id in ids] == before
    said = faxhooks("--json", "audit", "list", "--action", "faxes.reconciled").well().json
    assert len(said["data"]) == 4


def test_an_account_that_cannot_be_asked_is_refused_with_what_to_do(
    faxhooks: Faxhooks, silent: World
) -> None:
    said = faxhooks("reconcile", "--account", "plus", "--since", "1d")
    assert said.code == 1
    assert "account rotate" in said.err
    wrong = faxhooks("reconcile", "--since", "yesterday")
    assert wrong.code == 2
    assert "30d" in wrong.err


def test_an_account_shows_how_its_provider_is_asked_and_its_callbacks_came(
    faxhooks: Faxhooks, silent: World
) -> None:
    silent.sweep()
    silent.send("signalwire")
    silent.put_on(hours=1, minutes=2)
    silent.sweep()
    shown = faxhooks("--json", "account", "show", "asked-signalwire").well().json["asking"]
    assert shown["callbacks"]["by_asking"] == 1
    assert shown["last_error"] is None
    assert shown["swept_until"] is not None
    assert "found by asking" in faxhooks("account", "show", "asked-signalwire").well().out
