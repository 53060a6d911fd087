"""What no callback told is asked for: when, how often, and what is made of the answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Transaction

from faxhooks.db.askings import find_asking, sweep_all
from faxhooks.db.models import CallbackRow, EventRow
from faxhooks.services.beating import Heart
from faxhooks.simulator.fakes.behaviour import Behaviour
from faxhooks.simulator.faxplus_requests import SENT, Session
from faxhooks.simulator.line import TIMEOUT, Line, moved
from faxhooks.simulator.signalwire_requests import Fax
from faxhooks.simulator.story import Customer, Stage
from tests.asked import NAMES, World, world
from tests.fakes import until

SILENT = Behaviour(drop=1.0)
NEVER = datetime(2020, 1, 1, tzinfo=UTC)
SAME = ("provider", "account", "direction", "from", "to", "status", "outcome", "reason", "flags")
"""What callbacks and the API both tell of every fax; ids and times are each fax's own."""

each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def silent(database_url: str) -> Iterator[World]:
    """Providers of which no callback ever comes."""
    with world(database_url, SILENT) as made:
        yield made


def counts(world: World) -> tuple[int, int, int]:
    """Callbacks and events that are kept, and how often the former were seen."""

    def ask(session: Transaction) -> tuple[int, int, int]:
        callbacks = session.scalar(select(func.count(CallbackRow.id))) or 0
        seen = session.scalar(select(func.sum(CallbackRow.seen))) or 0
        return callbacks, session.scalar(select(func.count()).select_from(EventRow)) or 0, seen

    return world.parts.database.read(ask)


@each
def test_a_fax_of_which_no_callback_came_is_found_in_the_provider_s_list(
    silent: World, name: str
) -> None:
    silent.sweep()
    fax = silent.send(name)
    silent.put_on(hours=1, minutes=2)
    silent.sweep()
    shown = silent.fax(fax)
    assert (shown["status"], shown["evidence"]) == ("delivered", "confirmed")
    (line,) = silent.service.api.history(fax)
    assert (line["source"], line["verdict"]) == ("poll", "applied")
    assert line["callback_id"] is not None


@each
def test_an_answer_that_says_what_is_known_adds_nothing(silent: World, name: str) -> None:
    silent.sweep()
    silent.send(name)
    for _ in range(6):
        silent.put_on(hours=3)
        silent.sweep()
    before = counts(silent)
    for _ in range(3):
        silent.put_on(hours=30)
        silent.sweep()
    assert counts(silent)[:2] == before[:2]


@each
def test_it_is_the_same_fax_whoever_told_of_it(database_url: str, name: str) -> None:
    """But for who said it, and for what only one of the two says at all."""
    with world(database_url) as made:
        made.sweep()
        by_callback = made.send(name)
        made.put_on(minutes=20)
        made.settle()
        shown = {"callback": made.fax(by_callback)}
        by_both = made.send(name)
        made.fakes[name].behaviour = SILENT
        by_asking = made.send(name)
        made.put_on(minutes=20)
        made.settle()
        made.put_on(hours=2)
        made.sweep()
        shown |= {"both": made.fax(by_both), "asking": made.fax(by_asking)}
        kept = [
            {key: value for key, value in each.items() if key in SAME} for each in shown.values()
        ]
        assert kept[0] == kept[1] == kept[2], shown
        sources = {line["source"] for line in made.service.api.history(by_asking)}
        assert sources == {"poll"}


def test_a_fax_that_nobody_ends_is_unconfirmed_in_time_until_the_truth_comes(
    silent: World,
) -> None:
    hook = silent.service.hook  # Of accounts without credentials.
    hook.signalwire(FaxSid="f1", FaxStatus="sending")
    silent.sweep()
    assert silent.fax("f1")["status"] == "sending"
    silent.put_on(minutes=76)
    silent.sweep()
    assert (silent.fax("f1")["status"], silent.fax("f1")["evidence"]) == ("unconfirmed", "own")
    assert silent.service.api.history("f1")[-1]["source"] == "timer"
    hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    assert silent.fax("f1")["status"] == "delivered"


@each
def test_a_provider_that_knows_no_such_fax_is_noted_and_is_no_failure(
    silent: World, name: str
) -> None:
    known(silent, name, "gone", "sending")
    silent.sweep()
    silent.put_on(minutes=3)
    silent.sweep()
    shown = silent.shown("gone")
    assert (shown["status"], shown["poll"]["last_answer"]) == (
        silent.fax("gone")["status"],
        "not known",
    )
    assert shown["outcome"] in ("pending", "success")
    assert shown["poll"]["tries"] >= 1


def test_credentials_that_are_refused_are_noted_and_tried_again_after_a_while(
    silent: World,
) -> None:
    silent.sweep()
    silent.fakes["signalwire"].secrets = {
        **silent.fakes["signalwire"].secrets,
        "api-token": ("PTno",),
    }
    account = silent.accounts["signalwire"].id
    silent.put_on(hours=1, minutes=1)
    silent.sweep()
    asking = silent.parts.database.read(lambda session: find_asking(session, account))
    assert asking is not None
    assert asking.refused_at is not None
    calls = len(silent.fakes["signalwire"].calls)
    silent.put_on(minutes=5)
    silent.sweep()
    assert len(silent.fakes["signalwire"].calls) == calls
    silent.put_on(minutes=11)
    silent.sweep()
    assert len(silent.fakes["signalwire"].calls) > calls


def test_an_unsigned_end_is_confirmed_at_once(silent: World) -> None:
    fake = silent.fakes["faxplus"]
    fax = silent.send("faxplus")
    fake.clock.put_forward(600)
    known(silent, "faxplus", fax, "success")
    assert silent.fax(fax)["evidence"] == "unsigned"
    silent.sweep()
    assert (silent.fax(fax)["evidence"], silent.fax(fax)["status"]) == ("confirmed", "delivered")


def test_a_gap_in_the_heartbeats_has_every_account_asked(silent: World) -> None:
    silent.sweep()
    heart = Heart(silent.parts.database, silent.time.now)
    assert heart.run(Event()) == {"outages": 0}
    fax = silent.send("signalwire")
    silent.put_on(minutes=5)
    silent.sweep()
    assert silent.service.api.faxes(f"?provider_fax_id={fax}") == []
    assert heart.run(Event()) == {"outages": 1}
    silent.sweep()
    assert silent.fax(fax)["status"] == "delivered"


def test_an_answer_is_kept_and_can_be_read_again(silent: World) -> None:
    silent.sweep()
    fax = silent.send("signalwire")
    silent.put_on(hours=1, minutes=2)
    silent.sweep()
    (line,) = silent.service.api.history(fax)
    before = silent.fax(fax)
    replayed = silent.parts.replayer.replay(UUID(line["callback_id"]))
    assert (replayed.verdict, replayed.reason) == ("repeated", None)
    assert silent.fax(fax) == before


def known(world: World, name: str, fax: str, word: str) -> None:
    """Let a callback tell of a fax."""
    account = world.accounts[name]
    customer = Customer(account.hook_url, account.config)
    stage = Stage.of(customer, Random(fax), world.time.now())
    if name == "signalwire":
        told = Fax(stage, fax, 1)
        callback = told.post(told.states(word, world.time.now(), {}))
    else:
        word = "success" if word == "sending" else word
        session = replace(Session.on(stage, SENT, world.time.now()), id=fax)
        callback = session.tell(word, world.time.now())
    with Line(TIMEOUT) as line:
        answer = line.send(callback, moved(callback.url, world.calls_at))
    assert answer.accepted, answer


def test_new_credentials_are_tried_at_once(silent: World) -> None:
    silent.sweep()
    fake, account = silent.fakes["signalwire"], silent.accounts["signalwire"].id
    fake.secrets = {**fake.secrets, "api-token": ("PTnew",)}
    silent.time.put(-timedelta(hours=1))  # The account is changed by a clock that is not put on.
    silent.parts.database.write(lambda session: sweep_all(session, silent.time.now(), NEVER))
    silent.sweep()
    asking = silent.parts.database.read(lambda session: find_asking(session, account))
    assert asking is not None
    assert asking.refused_at is not None
    accounts, token = silent.parts.accounts, {"api-token": ["PTnew"]}
    silent.parts.database.write(lambda session: accounts.rotate(session, str(account), token))
    until(lambda: silent.parts.directory.get(account).account.config["api-token"] == ("PTnew",))
    silent.sweep()
    asking = silent.parts.database.read(lambda session: find_asking(session, account))
    assert asking is not None
    assert asking.refused_at is None
