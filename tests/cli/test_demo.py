"""The demo: everything made up once, and every printed command works as it stands."""

import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faxhooks.providers.registry import PROVIDERS
from tests.cli.running import ENTER, Faxhooks, environment
from tests.story import settings_for

ROOT = Path(__file__).parents[2]


@pytest.fixture
def prepared(blank_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faxhooks:
    """A folder of its own, and a database without tables."""
    monkeypatch.chdir(tmp_path)
    return Faxhooks(settings_for(blank_database_url, public_url="http://localhost:8000"))


def test_a_second_start_shows_the_same_key_and_hook_urls(prepared: Faxhooks) -> None:
    first = prepared("--json", "demo", "--no-serve").well().json
    assert prepared("--json", "demo", "--no-serve").well().json == first
    calling = [name for name in PROVIDERS if PROVIDERS[name].has_hook]
    assert [account["provider"] for account in first["accounts"]] == calling
    assert len(prepared("--json", "key", "list").json["data"]) == 1


def test_the_key_is_kept_where_its_owner_alone_can_read_it(prepared: Faxhooks) -> None:
    key = prepared("--json", "demo", "--no-serve").well().json["key"]
    kept = Path("var/demo.json")
    assert json.loads(kept.read_text())["key"] == key
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize("spoil", ["revoke", "not json", "[]", "{}", '{"key": null}', ""])
def test_a_key_that_is_no_longer_good_is_made_anew(prepared: Faxhooks, spoil: str) -> None:
    prepared("demo", "--no-serve").well()
    kept = json.loads(Path("var/demo.json").read_text())
    if spoil == "revoke":
        prepared("key", "revoke", kept["id"]).well()
    else:
        Path("var/demo.json").write_text(spoil)
    renewed = prepared("--json", "demo", "--no-serve").well().json["key"]
    assert renewed != kept["key"]
    assert prepared("--json", "demo", "--no-serve").well().json["key"] == renewed


def test_it_refuses_production_and_touches_nothing(
    blank_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    production = Faxhooks(settings_for(blank_database_url, env="production"))
    said = production("demo", "--no-serve")
    assert (said.code, said.out) == (1, "")
    assert "FAXHOOKS_ENV=development" in said.err
    assert production("--json", "db", "check").json["revision"] is None
    assert not Path("var/demo.json").exists()


def test_the_commands_it_prints_work_from_another_shell(tmp_path: Path) -> None:
    for name in ("gunicorn.conf.py", "wsgi.py", "asgi.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    with _serving(tmp_path) as printed:
        fire = next(line for line in printed if " simulate " in line)
        ask = next(line for line in printed if line.strip().startswith("curl "))
        _type(fire, tmp_path)
        url, key = shlex.split(ask)[-1], shlex.split(ask)[-2]
        name, _, value = key.partition(": ")
        asked = urllib.request.Request(url, headers={name: value})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            (fax,) = json.load(answer)["data"]
    assert fax["status"] == "delivered"


def _type(line: str, tmp_path: Path) -> None:
    """Run a printed line in a shell that stands elsewhere and knows nothing."""
    program = shlex.quote(str(Path(sys.executable).with_name("faxhooks")))
    assert program in line, "the program is named by its whole path outside a checkout"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    entered = line.replace(program, " ".join(shlex.quote(word) for word in ENTER))
    subprocess.run(
        ["env", "-i", "sh", "-c", entered],
        cwd=elsewhere,
        check=True,
        timeout=30,
        stdout=subprocess.DEVNULL,
    )


@contextmanager
def _serving(folder: Path) -> Iterator[list[str]]:
    """A demo on a free port; what it printed before it became the server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    known = environment(FAXHOOKS_ENV="development", LOG_LEVEL="warning")
    out = folder / "demo.out"
    with out.open("w") as stream:
        process = subprocess.Popen(
            [*ENTER, "demo", "--port", str(port)], cwd=folder, env=known, stdout=stream
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield out.read_text().splitlines()
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(20)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the demo does not answer")
