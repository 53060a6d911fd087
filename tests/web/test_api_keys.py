"""What a key allows, for how long, and how often."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from faxhooks.db.keys import get_key
from faxhooks.domain.errors import SettingsError
from faxhooks.services.keys import create_key, revoke_key
from faxhooks.settings import Settings
from faxhooks.web import limits
from faxhooks.web.limits import Buckets, RateLimit
from tests.story import Api, Service, make_service

ONE, OTHER = UUID(int=1), UUID(int=2)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slow(database_url: str) -> Iterator[Service]:
    """A service that lets a key ask three times, and then once a second."""
    made = make_service(database_url, api_rate_limit=(1, 3))
    yield made
    made.parts.database.engine.dispose()


def with_key(service: Service, *scopes: str, **options: Any) -> tuple[UUID, Api]:
    row, key = service.parts.database.write(
        lambda session: create_key(session, "other", scopes, **options)
    )
    return row.id, Api(service.api.transport, key)


def test_a_pause_fills_the_bucket_no_higher_than_the_burst(clock: Clock) -> None:
    buckets = Buckets(RateLimit(per_second=2, burst=4), clock)
    assert [buckets.take(ONE).allowed for _ in range(5)] == [True] * 4 + [False]
    clock.now += 0.5
    assert [buckets.take(ONE).allowed for _ in range(2)] == [True, False]
    clock.now += 3600
    assert [buckets.take(ONE).allowed for _ in range(5)] == [True] * 4 + [False]


def test_in_the_long_run_a_key_gets_its_rate(clock: Clock) -> None:
    buckets = Buckets(RateLimit(per_second=50, burst=200), clock)
    allowed = 0
    for _ in range(20_000):
        clock.now += 1 / 200
        allowed += buckets.take(ONE).allowed
    assert allowed == 200 + 100 * 50 - 1


def test_a_refusal_says_how_long_to_wait_and_waiting_helps(clock: Clock) -> None:
    buckets = Buckets(RateLimit(per_second=1, burst=1), clock)
    buckets.take(ONE)
    turn = buckets.take(ONE)
    assert (turn.allowed, turn.retry_after) == (False, 1)
    clock.now += turn.retry_after
    assert buckets.take(ONE).allowed


def test_one_key_does_not_use_up_anothers(clock: Clock) -> None:
    buckets = Buckets(RateLimit(per_second=1, burst=1), clock)
    assert buckets.take(ONE).allowed
    assert not buckets.take(ONE).allowed
    assert buckets.take(OTHER).allowed


def test_only_buckets_that_have_filled_up_are_forgotten(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_KEPT", 2)
    buckets = Buckets(RateLimit(per_second=1, burst=5), clock)
    for _ in range(5):
        buckets.take(ONE)
    clock.now += 2
    buckets.take(OTHER)
    clock.now += 1
    buckets.take(UUID(int=3))
    assert [buckets.take(ONE).allowed for _ in range(4)] == [True] * 3 + [False]
    assert buckets.take(OTHER).headers["RateLimit-Remaining"] == "4"


def test_every_answer_to_a_key_says_what_is_left(slow: Service) -> None:
    paths = ("/faxes", "/faxes/01890000-0000-7000-8000-000000000000", "/faxes?colour=red")
    answers = [slow.api.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [200, 404, 400]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0"]
    assert {answer.headers["RateLimit-Limit"] for answer in answers} == {"3"}
    assert [answer.headers["RateLimit-Reset"] for answer in answers] == ["1", "2", "3"]


def test_who_asks_too_often_is_429_and_told_when_to_come_back(slow: Service) -> None:
    for _ in range(3):
        assert slow.api.get("/faxes").status_code == 200
    answer = slow.api.get("/faxes")
    assert (answer.status_code, answer.mimetype) == (429, "application/problem+json")
    assert answer.json["status"] == 429
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["RateLimit-Remaining"] == "0"
    _, other = with_key(slow, "read")
    assert other.get("/faxes").status_code == 200


def test_hooks_and_probes_are_not_limited(slow: Service) -> None:
    for number in range(6):
        assert slow.hook.faxplus(f"f{number}", "success").status_code == 200
        assert slow.api.transport.send("GET", "/healthz", {}, b"").status_code == 200


def test_without_a_limit_nothing_is_said_of_it(api: Api) -> None:
    answers = [api.get("/faxes") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any(name.startswith("RateLimit") for name, _ in answers[-1].headers)


@pytest.mark.parametrize(
    ("given", "kept"),
    [({}, (50, 200)), ("5/10", (5, 10)), ("1/1", (1, 1)), ("off", None), (" OFF ", None)],
)
def test_the_limit_is_a_setting(given: Any, kept: Any) -> None:
    environ = {"API_RATE_LIMIT": given} if given else {}
    settings = Settings.from_env(
        {"FAXHOOKS_ENV": "development", "SECRET_KEYS": "for-tests", **environ}
    )
    assert settings.api_rate_limit == kept


@pytest.mark.parametrize("given", ["50", "0/5", "5/0", "a/b", "-1/5", "5/10/20", "1e9/2", "on"])
def test_any_other_limit_is_refused(given: str) -> None:
    environ = {"FAXHOOKS_ENV": "development", "SECRET_KEYS": "for-tests", "API_RATE_LIMIT": given}
    with pytest.raises(SettingsError, match="API_RATE_LIMIT must be requests a second"):
        Settings.from_env(environ)


def test_its_last_use_is_noted_within_a_minute(service: Service) -> None:
    key_id, api = with_key(service, "read")
    before = datetime.now(UTC)
    for _ in range(2):
        assert api.get("/faxes").status_code == 200
    used = service.parts.database.read(lambda session: get_key(session, key_id)).last_used_at
    assert used is not None
    assert before <= used <= datetime.now(UTC)


def test_a_key_that_was_never_good_is_not_noted_as_used(service: Service) -> None:
    key_id, api = with_key(service, "read", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert api.get("/faxes").status_code == 401
    row = service.parts.database.read(lambda session: get_key(session, key_id))
    assert row.last_used_at is None


def test_a_revoked_key_is_refused_by_a_process_that_knew_it(service: Service) -> None:
    key_id, api = with_key(service, "read")
    assert api.get("/faxes").status_code == 200
    service.parts.database.write(lambda session: revoke_key(session, key_id))
    answer = api.get("/faxes")
    assert answer.status_code == 401
    assert "revoked" in answer.json["detail"]
