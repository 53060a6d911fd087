"""The background loop: what it reads again, when, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Event
from uuid import uuid4

import pytest

from faxhooks.db.models import CallbackRow
from faxhooks.domain.errors import SettingsError, UnavailableError
from faxhooks.worker.loop import Counts, Loop, Task
from faxhooks.worker.tasks import OurFaults, is_due
from tests.cli.left import leave_unread
from tests.cli.running import ENTER, Faxhooks, environment
from tests.story import Service

HANGS = """
import time
from faxhooks.worker.loop import Loop, Task
from faxhooks.worker.running import run

def hang(stopping):
    print("hangs", flush=True)
    time.sleep(60)

run(Loop([Task("hang", 1.0, hang)]))
"""
TEN = timedelta(minutes=10)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_what_an_older_release_left_is_read_once(faxhooks: Faxhooks, service: Service) -> None:
    leave_unread(service, "f1", "success", release="0.9.0")
    leave_unread(service, "f2", "teleported", release="0.9.0")
    first = faxhooks("--json", "worker", "--once").well().json
    assert first["read_older_releases"] == {"read": 1, "unread": 1}
    assert service.api.fax("f1")["status"] == "delivered"
    second = faxhooks("--json", "worker", "--once").well().json
    assert second["read_older_releases"] == {"read": 0, "unread": 0}


def test_what_this_release_did_not_understand_waits_for_the_next(
    faxhooks: Faxhooks, service: Service
) -> None:
    leave_unread(service, "f1", "success", release=faxhooks.release)
    faxhooks("worker", "--once").well()
    assert service.api.faxes() == []
    Faxhooks(faxhooks.settings, release="1.0.1")("worker", "--once").well()
    assert service.api.fax("f1")["status"] == "delivered"


def test_what_failed_by_our_fault_is_read_again_by_the_same_release(
    faxhooks: Faxhooks, service: Service
) -> None:
    fault = {"release": faxhooks.release, "reason": "internal: KeyError"}
    leave_unread(service, "f1", "success", **fault)
    came_to = faxhooks("--json", "worker", "--once").well().json
    assert came_to["read_after_our_faults"] == {"read": 1, "unread": 0}
    assert service.api.fax("f1")["status"] == "delivered"


def test_a_callback_that_breaks_us_does_not_end_the_rest(
    faxhooks: Faxhooks, service: Service
) -> None:
    nobody = uuid4()
    broken = leave_unread(service, "f0", "success", release="0.9.0", account_id=nobody)
    leave_unread(service, "f1", "success", release="0.9.0")
    said = faxhooks("--json", "worker", "--once").well()
    assert said.json["read_older_releases"] == {"read": 1, "unread": 1}
    assert "callback_not_replayed" in said.err
    assert str(broken) in said.err
    row = faxhooks.read(lambda session: session.get_one(CallbackRow, broken))
    assert (row.verdict, row.release) == ("unrecognized", "0.9.0")


def test_our_faults_are_tried_when_their_age_has_doubled() -> None:
    passes = [NOW + TEN * count for count in range(200)]
    due = [(now - NOW) // TEN for before, now in pairwise(passes) if is_due(NOW, now, before)]
    assert due == [1, 2, 4, 8, 16, 32, 64, 128]
    assert is_due(NOW, NOW, None)
    assert is_due(NOW, NOW + 100 * TEN, NOW + 3 * TEN)


def test_a_pass_tries_only_what_has_come_due(faxhooks: Faxhooks, service: Service) -> None:
    with faxhooks.parts() as parts:
        task = OurFaults(parts)
        assert task.run(Event()) == {"read": 0, "unread": 0}
        fault = {"release": faxhooks.release, "reason": "internal: KeyError"}
        leave_unread(service, "young", "success", **fault)
        assert task.run(Event()) == {"read": 0, "unread": 0}
        assert OurFaults(parts).run(Event()) == {"read": 1, "unread": 0}


def test_a_pass_ends_between_two_callbacks_when_it_is_told_to(
    faxhooks: Faxhooks, service: Service
) -> None:
    leave_unread(service, "f1", "success", release="0.9.0", reason="internal: KeyError")
    stopping = Event()
    stopping.set()
    with faxhooks.parts() as parts:
        assert OurFaults(parts).run(stopping) == {"read": 0, "unread": 0}
    assert service.api.faxes() == []


def test_a_database_that_is_away_is_waited_for() -> None:
    stopping, asked = Event(), []

    def ready() -> None:
        asked.append(time.monotonic())
        if len(asked) < 2:
            raise UnavailableError("away; try again")

    def work(_: Event) -> Counts:
        stopping.set()
        return {}

    Loop([Task("work", 60.0, work)], ready).run(stopping)
    assert len(asked) == 2
    assert asked[1] - asked[0] >= 1.0


def test_a_task_whose_database_went_away_is_tried_soon_and_one_that_broke_in_its_time() -> None:
    stopping, done = Event(), []

    def away(_: Event) -> Counts:
        done.append("away")
        if done.count("away") == 2:
            stopping.set()
        raise UnavailableError("away; try again")

    def breaks(_: Event) -> Counts:
        done.append("breaks")
        raise ZeroDivisionError

    Loop([Task("away", 60.0, away), Task("breaks", 60.0, breaks)]).run(stopping)
    assert done == ["away", "breaks", "away"]


def test_a_schema_of_another_release_ends_the_loop() -> None:
    def ready() -> None:
        raise SettingsError("the database is at revision none; run `faxhooks db upgrade`")

    with pytest.raises(SettingsError):
        Loop([], ready).run(Event())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_within_seconds(faxhooks: Faxhooks, number: int) -> None:
    known = environment(
        FAXHOOKS_ENV="development", DATABASE_URL=faxhooks.settings.database_url, LOG_LEVEL="info"
    )
    with _started([*ENTER, "worker"], known) as process:
        _read_until(process, "read_after_our_faults")
        assert _seconds_to_end(process, number) < 4
    assert process.returncode == 0


def test_a_pass_that_hangs_does_not_delay_the_end() -> None:
    with _started([sys.executable, "-c", HANGS], environment()) as process:
        _read_until(process, "hangs")
        assert _seconds_to_end(process, signal.SIGTERM) < 4
    assert process.returncode == 0


def _started(words: list[str], known: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        words, env=known, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _read_until(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return
    pytest.fail("".join(lines))


def _seconds_to_end(process: "subprocess.Popen[str]", number: int) -> float:
    began = time.monotonic()
    os.kill(process.pid, number)
    process.communicate(timeout=20)
    return time.monotonic() - began
