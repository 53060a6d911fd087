"""What a provider and a platform see of the process itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running.gunicorns import ROOT, free_port, running
from tests.story import Api, Hook


def test_the_raw_path_and_query_are_what_was_signed(sqlite_url: str, tmp_path: Path) -> None:
    with running(sqlite_url, tmp_path / "log") as (_, hook, api):
        assert hook.signalwire_get(FaxSid="f 1", FaxStatus="busy", To="+13105550100").ok
        assert api.faxes()[0]["to"] == "+13105550100"


def test_the_log_holds_no_number_token_or_key(sqlite_url: str, tmp_path: Path) -> None:
    with running(sqlite_url, tmp_path / "log", LOG_LEVEL="debug") as (served, hook, api):
        _talk(hook, api)
        served.stop()
    log = served.output.read_text()
    assert '"request_id"' in log
    secrets = [hook.signalwire_account.hook_url.rpartition("/")[2], api.key, "3105550", "PSK_"]
    assert [secret for secret in secrets if secret in log] == []


def _talk(hook: Hook, api: Api) -> None:
    hook.signalwire(FaxSid="f1", FaxStatus="teleported", To="+13105550100")
    hook.signalwire(FaxSid="f1", FaxStatus="busy", To="+13105550100")
    hook.signalwire_get(FaxSid="f2", FaxStatus="busy", To="+1 (310) 555-0100")
    hook.faxplus("a", "success", to="+1 310-555-0100")
    api.faxes("?to=%2B13105550100")
    api.get("/faxes?to=")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"PUBLIC_URL": "http://hooks.example.com"}, "PUBLIC_URL"),
        ({"SECRET_KEYS": "short"}, "SECRET_KEYS"),
        ({}, "faxhooks db upgrade"),
    ],
)
def test_production_refuses_to_start_and_names_the_reason(
    tmp_path: Path, change: dict[str, str], named: str
) -> None:
    environ = {
        "FAXHOOKS_ENV": "production",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}",
        "PUBLIC_URL": "https://hooks.example.com",
        "SECRET_KEYS": "0123456789abcdefghijklmnopqrstuvwxyz",
        "PORT": str(free_port()),
        **change,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    assert named in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
