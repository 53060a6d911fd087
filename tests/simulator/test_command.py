"""`faxhooks simulate …`: from the command line over HTTP into the service, and back."""

import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from faxhooks.db.keys import list_keys
from faxhooks.services.keys import create_key
from faxhooks.simulator.scenarios import SCENARIOS
from tests.cli.running import Faxhooks
from tests.simulator.receivers import nobody, receiving
from tests.story import SIGNING_KEY, Service, make_service, settings_for


@pytest.fixture
def service(sqlite_url: str) -> Iterator[Service]:
    """A service with an account of each provider."""
    made = make_service(sqlite_url)
    yield made
    made.parts.database.engine.dispose()


@pytest.fixture
def faxhooks(
    sqlite_url: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Faxhooks]:
    """The command, beside the service running on its port."""
    monkeypatch.delenv("FAXHOOKS_KEY", raising=False)
    server = make_server("127.0.0.1", 0, service.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Faxhooks(settings_for(sqlite_url, port=server.server_port))
    server.shutdown()
    thread.join()
    server.server_close()


def test_one_fax_is_shown_with_its_history(faxhooks: Faxhooks) -> None:
    said = faxhooks("simulate", "signalwire", "busy").well()
    assert "4 sent; answered 4 times 200" in said.out
    assert '"status": "busy"' in said.out
    rows = [line.split() for line in said.out.splitlines()[-4:]]
    assert rows == [
        [word, "applied", "signed", word] for word in ("queued", "processing", "sending", "busy")
    ]


def test_many_faxes_are_counted_by_status(faxhooks: Faxhooks, service: Service) -> None:
    words = ("signalwire", "delivered", "--count", "12", "--repeat", "2", "--shuffle")
    said = faxhooks("--json", "simulate", *words, "--seed", "4").well().json
    assert said["sent"] == 96
    assert said["answers"] == {"200": 96}
    assert said["statuses"] == {"delivered": 12}
    assert said["unknown"] == 0
    assert {fax["status"] for fax in said["faxes"]} == {"delivered"}
    assert {fax["events"] for fax in said["faxes"]} == {4}
    assert said["latency_ms"]["p50"] <= said["latency_ms"]["p99"]
    assert len(service.api.faxes()) == 12


def test_numbers_that_are_given_are_those_of_the_fax(faxhooks: Faxhooks) -> None:
    ends = ("--from", "+442079460001", "--to", "+442079460002")
    said = faxhooks("simulate", "faxplus", "retry-then-success", *ends, "--json").well().json
    (fax,) = said["faxes"]
    assert (fax["from"], fax["to"]) == ("+442079460001", "+442079460002")
    assert (fax["status"], fax["events"]) == ("delivered", 2)


def test_what_cannot_be_read_is_accepted_and_is_no_fax(faxhooks: Faxhooks) -> None:
    said = faxhooks("simulate", "faxplus", "unknown-event").well()
    assert "Not known as a fax: 1" in said.out


def test_faxes_can_be_tagged_and_are_found_by_it(faxhooks: Faxhooks, service: Service) -> None:
    words = ("signalwire", "busy", "--count", "3", "--tag", "department=billing")
    said = faxhooks("--json", "simulate", *words, "--tag", "a=b=c").well().json
    assert [fax["tags"] for fax in said["faxes"]] == [{"a": "b=c", "department": "billing"}] * 3
    faxhooks("simulate", "signalwire", "busy").well()
    assert len(service.api.faxes("?tag.department=billing")) == 3
    scopes = [set(key.scopes) for key in faxhooks.read(list_keys) if key.label == "simulate"]
    assert sorted(scopes, key=len) == [{"read"}, {"read", "send"}]


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["--tag", "department"], 2, "NAME=VALUE"),
        (["--tag", "a=b", "--no-show"], 2, "leave one out"),
        (["--no-show", "--tag", "a=b"], 2, "leave one out"),
        (["--tag", "A tag=b"], 1, "the API answers 422"),
    ],
)
def test_what_is_no_tag_is_said(faxhooks: Faxhooks, words: list[str], code: int, hint: str) -> None:
    said = faxhooks("simulate", "signalwire", "busy", *words)
    assert (said.code, hint in said.err) == (code, True)


def test_without_show_the_api_is_not_asked(faxhooks: Faxhooks) -> None:
    said = faxhooks("--json", "simulate", "signalwire", "busy", "--no-show").well().json
    assert said["faxes"] == []
    assert said["sent"] == 4
    assert [key.label for key in faxhooks.read(list_keys)] == ["test"]


def test_the_key_of_a_run_reads_its_account_alone_and_ends_with_it(faxhooks: Faxhooks) -> None:
    said = faxhooks("--json", "simulate", "signalwire", "busy").well().json
    (made,) = [key for key in faxhooks.read(list_keys) if key.label == "simulate"]
    assert made.scopes == {"read"}
    assert str(made.account_id) == said["faxes"][0]["account"]["id"]
    assert made.revoked_at is not None


def test_a_key_that_is_given_is_used(faxhooks: Faxhooks) -> None:
    _, key = faxhooks.write(lambda session: create_key(session, "mine", ["read"]))
    given = {"FAXHOOKS_KEY": key}
    said = faxhooks("--json", "simulate", "signalwire", "busy", env=given).well().json
    assert len(said["faxes"]) == 1
    assert {key.label for key in faxhooks.read(list_keys)} == {"test", "mine"}


def test_a_key_that_is_refused_does_not_hide_what_was_sent(faxhooks: Faxhooks) -> None:
    said = faxhooks("simulate", "signalwire", "busy", "--key", "fhk_wrong")
    assert said.code == 1
    assert "4 sent; answered 4 times 200" in said.out
    assert "the API answers 401" in said.err


def test_the_oldest_account_that_is_enabled_is_the_default(
    faxhooks: Faxhooks, service: Service
) -> None:
    values = {"project-id": [str(service.hook.signalwire_account.id)]}
    values["signing-key"] = [SIGNING_KEY]
    accounts = service.parts.accounts
    faxhooks.write(lambda session: accounts.add(session, "signalwire", "a-newer-one", values))
    said = faxhooks("--json", "simulate", "signalwire", "busy").well().json
    assert said["faxes"][0]["account"]["label"] == "main"
    faxhooks.write(lambda session: accounts.set_disabled(session, "main", True))
    said = faxhooks("--json", "simulate", "signalwire", "busy").well().json
    assert said["faxes"][0]["account"]["label"] == "a-newer-one"
    said = faxhooks("simulate", "signalwire", "busy", "--account", "plus")
    assert (said.code, said.out) == (1, "")
    assert "is an account of faxplus" in said.err


def test_without_an_account_there_is_nobody_to_speak_for(
    faxhooks: Faxhooks, service: Service
) -> None:
    faxhooks.write(lambda session: service.parts.accounts.set_disabled(session, "plus", True))
    said = faxhooks("simulate", "faxplus", "success")
    assert said.code == 1
    assert "no faxplus account is enabled" in said.err


def test_a_refusal_fails_the_command_and_says_what_to_look_at(faxhooks: Faxhooks) -> None:
    with receiving(lambda _: (403, b"")) as receiver:
        said = faxhooks("simulate", "signalwire", "busy", "--url", receiver.url)
    assert said.code == 1
    assert "answered 4 times 403" in said.out
    assert "403: the signature was refused" in said.err


def test_a_service_that_is_not_there_is_named_with_what_would_start_it(faxhooks: Faxhooks) -> None:
    said = faxhooks("simulate", "signalwire", "busy", "--url", nobody())
    assert (said.code, said.out) == (1, "")
    assert "is `make run` running on port" in said.err


@pytest.mark.parametrize("provider", SCENARIOS)
def test_the_help_lists_every_scenario_and_what_it_is(faxhooks: Faxhooks, provider: str) -> None:
    said = faxhooks("simulate", provider, "--help").well().out
    for name, each in SCENARIOS[provider].items():
        assert f"{name} " in said
        assert each.about in said


@pytest.mark.parametrize("bounds", ["--count=100001", "--count=0", "--rate=0", "--concurrency=0"])
def test_bounds_are_kept(faxhooks: Faxhooks, bounds: str) -> None:
    assert faxhooks("simulate", "signalwire", "busy", bounds).code == 2
