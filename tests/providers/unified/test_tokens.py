"""VoipNow's tokens: each is used until it runs out, and renewed once whoever asks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from faxhooks.providers.asking import CredentialsError, ProviderError, Renew, Values, renew_alone
from faxhooks.providers.base import Config
from faxhooks.simulator.fakes.behaviour import WELL
from faxhooks.simulator.fakes.voipnow import TRIAL, VoipNowFake
from tests.providers.orders import order
from tests.providers.unified.accounts import TOKEN, config_of, sender, sender_of
from tests.providers.wire import answering, http, told

OURS = order(sender=None)


@pytest.fixture
def fake() -> Iterator[VoipNowFake]:
    with VoipNowFake(WELL, TRIAL).serve() as fake:
        yield fake


def config(fake: VoipNowFake) -> Config:
    return {**{name: tuple(each) for name, each in TRIAL.items()}, "base-url": (fake.url,)}


def asked_for_tokens(fake: VoipNowFake) -> int:
    return len([call for call in fake.calls if call.path == "/oauth/token.php"])


def test_a_token_is_got_once_for_many_faxes_and_many_senders(fake: VoipNowFake) -> None:
    kept: dict[str, tuple[str, ...]] = dict(config(fake))

    def renewing(renew: Renew) -> Values:
        fresh = renew(kept)
        kept.update(fresh)
        return fresh

    first, second = (sender_of("voipnow", dict(kept), renewing) for _ in range(2))
    for each in (first, second, first, sender_of("voipnow", kept, renewing)):
        each.send(OURS)
    assert asked_for_tokens(fake) == 1
    assert len(fake.delivered) == 4


@pytest.mark.parametrize("life", [3600, 7200, 60, "7200"])
def test_a_token_is_renewed_before_it_runs_out_and_not_sooner(life: int | str) -> None:
    seconds = int(life)
    said = told({"access_token": "t", "expires_in": life})
    taken = told({"id": "1", "uid": "u"})
    early = min(300, seconds / 2)
    with answering(said, taken, taken, said, taken) as wire:
        made = sender("voipnow", wire.origin)
        now = datetime.now(UTC)
        with time_machine.travel(now, tick=False) as clock:
            made.send(OURS)
            clock.move_to(now + timedelta(seconds=seconds - early - 1))
            made.send(OURS)
            clock.move_to(now + timedelta(seconds=seconds - early + 1))
            made.send(OURS)
    assert ["token" in head.splitlines()[0] for head in wire.heads] == [
        *(True, False, False, True, False)
    ]


def test_an_answer_without_a_life_has_the_shorter_documented_one() -> None:
    said, taken = told({"access_token": "t"}), told({"id": "1"})
    with answering(said, taken, said, taken) as wire:
        made = sender("voipnow", wire.origin)
        now = datetime.now(UTC)
        with time_machine.travel(now, tick=False) as clock:
            made.send(OURS)
            clock.move_to(now + timedelta(seconds=3301))
            made.send(OURS)
    assert len(wire.requests) == 4


def test_a_token_that_is_refused_is_renewed_once_and_the_request_sent_again(
    fake: VoipNowFake,
) -> None:
    made = sender_of("voipnow", config(fake), renew_alone(config(fake)))
    made.send(OURS)
    fake.tokens.clear()
    made.send(OURS)
    assert asked_for_tokens(fake) == 2
    assert len(fake.delivered) == 2


def test_a_token_that_is_refused_again_is_an_error_and_nothing_was_sent() -> None:
    no = told({"error": {"code": "access_denied", "message": "m"}}, "401 Unauthorized")
    with answering(TOKEN, no, TOKEN, no) as wire, pytest.raises(CredentialsError) as caught:
        sender("voipnow", wire.origin).send(OURS)
    assert len(wire.requests) == 4
    assert (caught.value.reason, caught.value.maybe_done) == ("account.not_allowed", False)


@pytest.mark.parametrize(
    "answer",
    [
        told({"error": "invalid_client"}, "400 Bad Request"),
        told({"error": "invalid_client"}, "401 Unauthorized"),
        told({"token": "other"}),
        http(b"<html>"),
        http(b"", "503 Away"),
        b"",
    ],
)
def test_without_a_token_nothing_was_sent(answer: bytes) -> None:
    with answering(answer) as wire, pytest.raises(ProviderError) as caught:
        sender("voipnow", wire.origin).send(OURS)
    assert not caught.value.maybe_done
    assert "s3cret" not in str(caught.value)
    assert {head.split()[1] for head in wire.heads} == {"/oauth/token.php"}


def test_who_is_unknown_is_told_by_the_code(fake: VoipNowFake) -> None:
    wrong = {**config(fake), "client-secret": ("wr0ng",)}
    with pytest.raises(CredentialsError, match="invalid_client") as caught:
        sender_of("voipnow", wrong).send(OURS)
    assert caught.value.reason == "account.not_allowed"
    assert "wr0ng" not in str(caught.value)


def test_an_account_without_credentials_has_no_sender() -> None:
    for name in ("voipnow", "hubgets"):
        whole = config_of(name, "http://127.0.0.1:1")
        with pytest.raises(AssertionError):
            sender_of(name, {"extension": whole["extension"], "base-url": whole["base-url"]})
