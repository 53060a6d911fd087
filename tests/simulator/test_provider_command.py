"""`faxhooks simulate provider …`: a fake for people, until they end it."""

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import requests

from faxhooks.simulator.fakes.registry import FAKES
from tests.cli.running import ENTER, Faxhooks
from tests.fakes import until
from tests.simulator.receivers import nobody
from tests.story import SIGNING_KEY, make_service, settings_for

ENVIRONMENT = {"FAXHOOKS_ENV": "development", "PATH": "/usr/bin:/bin"}


@contextmanager
def running(*words: str) -> Iterator[dict[str, Any]]:
    """The command as a process of its own; ended as a person would end it."""
    command = [*ENTER, "simulate", "provider", *words, "--port", "0", "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        assert said.startswith("Asked 1 times")


@pytest.mark.parametrize("name", FAKES)
def test_a_fake_answers_at_the_address_that_it_names(name: str) -> None:
    with running(name, "--drop", "0.5", "--outcome", "busy=2", "--seed", "1") as said:
        assert said["provider"] == name
        assert "base-url" in said["options"]
        assert requests.get(said["url"], timeout=30).status_code == 404


@contextmanager
def ended_when_it_answers(port: int) -> Iterator[None]:
    """End the command that runs in this process once somebody can ask it, and it minds signals:
    anybody may answer at a port, and then the signal would end the tests.
    """
    ours = signal.getsignal(signal.SIGTERM)

    def end() -> None:
        until(lambda: signal.getsignal(signal.SIGTERM) is not ours and answers(port))
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=end)
    thread.start()
    yield
    thread.join()


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_a_person_is_told_how_to_lead_an_account_there(sqlite_url: str) -> None:
    faxhooks, port = Faxhooks(settings_for(sqlite_url)), int(nobody().rpartition(":")[2])
    with ended_when_it_answers(port):
        said = faxhooks("simulate", "provider", "faxplus", "--port", str(port)).well()
    command = said.out.splitlines()[-1].split()
    assert command[:4] == ["faxhooks", "account", "add", "faxplus"]
    assert f"--base-url http://127.0.0.1:{port}/v3" in said.out
    assert "callbacks: none" in said.err


def test_an_account_of_ours_is_known_and_its_secrets_are_not_shown(sqlite_url: str) -> None:
    service = make_service(sqlite_url)
    faxhooks, port = Faxhooks(settings_for(sqlite_url)), int(nobody().rpartition(":")[2])
    words = ("simulate", "provider", "signalwire", "--port", str(port), "--account")
    labels = {each["provider"]: each["label"] for each in accounts(faxhooks)}
    with ended_when_it_answers(port):
        said = faxhooks(*words, labels["signalwire"]).well()
    led = f"faxhooks account rotate {labels['signalwire']} --base-url http://127.0.0.1:{port}"
    assert led in said.out
    assert SIGNING_KEY not in said.out
    other = faxhooks(*words, labels["faxplus"])
    assert (other.code, "is an account of faxplus" in other.err) == (1, True)
    service.parts.database.engine.dispose()


def accounts(faxhooks: Faxhooks) -> list[dict[str, Any]]:
    return list(faxhooks("account", "list", "--json").well().json["data"])


def test_what_cannot_be_is_said(sqlite_url: str) -> None:
    faxhooks = Faxhooks(settings_for(sqlite_url))
    said = faxhooks("simulate", "provider", "faxplus", "--outcome", "failed=often")
    assert (said.code, said.err) == (1, "faxhooks: --outcome must be like busy=0.2\n")
    away = faxhooks("simulate", "provider", "faxplus", "--url", nobody())
    assert away.code == 1
    assert "nothing answers at" in away.err
    assert faxhooks("simulate", "provider", "signalwire", "--drop", "2").code == 2
