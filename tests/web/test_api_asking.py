"""How asking is shown, and asking at once."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from faxhooks.db.models import AuditRow
from faxhooks.services.keys import create_key
from faxhooks.simulator.fakes.behaviour import Behaviour
from tests.asked import World, world
from tests.story import Service


@pytest.fixture
def asked(database_url: str) -> Iterator[World]:
    """Providers whose faxes go on, and of which callbacks come."""
    with world(database_url) as made:
        made.sweep()
        yield made


def refresh(world: World, fax_id: str, *scopes: str) -> Any:
    """Ask about a fax now."""
    parts, shown = world.parts, world.fax(fax_id)
    _, key = parts.database.write(lambda s: create_key(s, "now", scopes or ["send"]))
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/api/v1/faxes/{shown['id']}/actions/refresh"
    return world.service.api.transport.send("POST", path, headers, b"")


def test_a_fax_says_when_it_is_asked_about_and_what_was_the_answer(asked: World) -> None:
    fax = asked.send("signalwire")
    asked.settle_some()
    assert asked.shown(fax)["poll"] is None
    asked.sweep()
    planned = asked.shown(fax)["poll"]
    assert planned["next_at"] is not None
    assert (planned["last_at"], planned["tries"]) == (None, 0)
    answer = refresh(asked, fax)
    assert answer.status_code == 200, answer.text
    poll = answer.json["poll"]
    assert poll["last_answer"] in ("queued", "processing", "sending", "delivered")
    assert (poll["last_error"], poll["tries"]) == (None, 1)
    assert answer.json["evidence"] in ("confirmed", "signed")


def test_asking_at_once_takes_a_scope_and_is_audited(asked: World) -> None:
    fax = asked.send("signalwire")
    asked.settle_some()
    assert refresh(asked, fax, "read").status_code == 403
    assert refresh(asked, fax, "admin").status_code == 200
    actions = asked.parts.database.read(lambda s: s.scalars(select(AuditRow.action)).all())
    assert actions.count("fax.refreshed") == 1


def test_a_fax_that_cannot_be_asked_about_is_409_with_the_reason(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="queued")
    _, key = service.parts.database.write(lambda s: create_key(s, "now", ["send"]))
    path = f"/api/v1/faxes/{service.api.fax('f1')['id']}/actions/refresh"
    headers = {"Authorization": f"Bearer {key}"}
    answer = service.api.transport.send("POST", path, headers, b"")
    assert answer.status_code == 409
    assert "account rotate" in answer.json["detail"]


def test_a_provider_that_does_not_answer_is_502_and_noted(asked: World) -> None:
    fax = asked.send("signalwire")
    asked.settle_some()
    asked.fakes["signalwire"].behaviour = Behaviour(fail=1.0)
    answer = refresh(asked, fax)
    assert answer.status_code == 502
    assert asked.shown(fax)["poll"]["last_error"]
    assert refresh(asked, fax).status_code == 409  # It is left alone for a moment.


def test_a_version_of_asking_does_not_keep_a_fax_from_being_changed(asked: World) -> None:
    fax = asked.send("signalwire")
    asked.settle_some()
    asked.sweep()
    shown = asked.service.api.get(f"/faxes/{asked.fax(fax)['id']}")
    assert "." in shown.headers["ETag"]
    _, key = asked.parts.database.write(lambda s: create_key(s, "tags", ["send"]))
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "If-Match": shown.headers["ETag"],
    }
    path = f"/api/v1/faxes/{shown.json['id']}"
    changed = asked.service.api.transport.send("PATCH", path, headers, b'{"tags": {"a": "b"}}')
    assert changed.status_code == 200, changed.text


def test_statistics_tell_which_ends_no_callback_told_and_how_late_they_come(asked: World) -> None:
    told = [asked.send("signalwire") for _ in range(3)]
    asked.put_on(minutes=5)
    asked.settle()
    asked.fakes["signalwire"].behaviour = Behaviour(drop=1.0)
    asked.send("signalwire")
    asked.put_on(hours=1, minutes=1)
    asked.sweep()
    assert {asked.fax(fax)["status"] for fax in told} == {"delivered"}
    said = asked.service.api.get("/stats?measure=callbacks").json
    (row,) = [each for each in said["data"] if each["account"]["label"] == "asked-signalwire"]
    assert (row["finals"], row["by_callback"], row["by_asking"]) == (4, 3, 1)
    assert row["lateness"]["p95"] >= row["lateness"]["p50"] >= 0
    assert said["total"]["by_asking"] == 1
    wrong = asked.service.api.get("/stats?measure=callbacks&bucket=day")
    assert (wrong.status_code, wrong.json["errors"][0]["parameter"]) == (400, "measure")


def test_the_worker_is_told_of_and_nobody_is_less_ready_without_one(service: Service) -> None:
    answer = service.app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["worker"]) == (
        200,
        {"alive": 0, "seen_seconds_ago": None},
    )
