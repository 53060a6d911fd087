"""`faxhooks simulate provider …`: a fake for people, until they end it."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from faxhooks.simulator.fakes.registry import FAKES
from tests.cli.running import ENTER, Faxhooks
from tests.simulator.receivers import nobody
from tests.story import settings_for

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


def test_what_cannot_be_is_said(sqlite_url: str) -> None:
    faxhooks = Faxhooks(settings_for(sqlite_url))
    said = faxhooks("simulate", "provider", "faxplus", "--outcome", "failed=often")
    assert (said.code, said.err) == (1, "faxhooks: --outcome must be like busy=0.2\n")
    away = faxhooks("simulate", "provider", "faxplus", "--url", nobody())
    assert away.code == 1
    assert "nothing answers at" in away.err
    assert faxhooks("simulate", "provider", "signalwire", "--drop", "2").code == 2
