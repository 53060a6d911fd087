"""The doctor finds what a newcomer has wrong, and says what to do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from faxhooks.cli.context import Context
from faxhooks.cli.main import cli
from faxhooks.domain.errors import SettingsError
from tests.cli.running import Faxhooks
from tests.story import Service, settings_for


def findings(faxhooks: Faxhooks, code: int = 0) -> dict[str, list[tuple[str, str]]]:
    """Level and text of what was found, by the check."""
    said = faxhooks("--json", "doctor")
    assert said.code == code, said
    found: dict[str, list[tuple[str, str]]] = {}
    for each in said.json["findings"]:
        assert each["level"] == "ok" or each["advice"]
        found.setdefault(each["check"], []).append((each["level"], each["text"]))
    return found


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server on the port it gives that answers every request with this status."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_empty_service_is_told_to_add_an_account_and_a_key(faxhooks: Faxhooks) -> None:
    found = findings(faxhooks)
    assert found["accounts"] == [("warning", "there is no account yet")]
    assert found["API keys"] == [("warning", "nobody can ask the API yet")]


def test_an_account_that_heard_nothing_yet_is_named(faxhooks: Faxhooks, service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    faxhooks("account", "add", "faxplus", "--label", "off").well()
    faxhooks("account", "disable", "off").well()
    assert findings(faxhooks)["accounts"] == [
        ("ok", "3 in all"),
        ("warning", "off is disabled; its hook answers 404"),
        ("warning", "plus has not had a single callback yet"),
    ]
    assert service.hook.faxplus_account.hook_url in faxhooks("doctor").out


def test_callbacks_nobody_understood_are_counted(faxhooks: Faxhooks, service: Service) -> None:
    service.hook.faxplus("f1", "teleported")
    assert findings(faxhooks)["callbacks"] == [("warning", "1 callbacks were not understood")]


def test_missing_tables_are_a_fault_that_names_the_command(blank_database_url: str) -> None:
    blank = Faxhooks(settings_for(blank_database_url))
    found = findings(blank, code=1)
    assert found["schema"][0][0] == "fault"
    assert "accounts" not in found
    assert "run `faxhooks db upgrade`" in blank("doctor").out


def test_a_database_that_is_away_is_one_fault() -> None:
    away = Faxhooks(settings_for("postgresql+psycopg://x@127.0.0.1:1/x"))
    found = findings(away, code=1)
    assert found["database"][0][0] == "fault"
    assert "schema" not in found


def test_secrets_that_no_key_reads_are_a_fault(faxhooks: Faxhooks, service: Service) -> None:
    assert service.parts.accounts
    other = replace(faxhooks.settings, secret_keys=("another-key-that-never-sealed-anything",))
    found = findings(Faxhooks(other), code=1)
    assert found["secrets"][0][0] == "fault"
    assert "SECRET_KEYS" in found["secrets"][0][1]


@pytest.mark.parametrize(("env", "level"), [("production", "fault"), ("development", "warning")])
def test_a_public_url_that_no_provider_reaches_is_a_fault_in_production(
    faxhooks: Faxhooks, env: str, level: str
) -> None:
    local = replace(faxhooks.settings, env=env, public_url="https://localhost:8000")
    found = findings(Faxhooks(local), code=1 if level == "fault" else 0)
    assert found["public URL"][0][0] == level


@pytest.mark.parametrize(("status", "level"), [(200, "ok"), (500, "warning"), (302, "warning")])
def test_the_service_is_asked_whether_it_lives(sqlite_url: str, status: int, level: str) -> None:
    with answering(status) as port:
        local = settings_for(sqlite_url, port=port, public_url=f"http://localhost:{port}")
        assert findings(Faxhooks(local))["service"][0][0] == level


def test_a_service_that_does_not_run_is_told_how_to_start(sqlite_url: str) -> None:
    local = settings_for(sqlite_url, port=1, public_url="http://localhost:1")
    assert findings(Faxhooks(local))["service"][0][0] == "warning"
    assert "make run" in Faxhooks(local)("doctor").out


def test_settings_that_cannot_be_read_are_the_only_finding(runner: Any) -> None:
    def refuse() -> Any:
        raise SettingsError("faxhooks cannot start:\n- DATABASE_URL is missing: give one")

    def compose(_: Any) -> Any:
        raise AssertionError("nothing is composed without settings")

    said = runner.invoke(cli, ["doctor"], obj=Context(refuse, compose))
    assert said.exit_code == 1
    (first, second, _) = said.stdout.splitlines()
    assert first.startswith("fault")
    assert second.strip() == "- DATABASE_URL is missing: give one"
