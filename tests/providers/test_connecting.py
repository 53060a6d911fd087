"""How each provider comes to call us: by its API, or by what a person enters there."""

import json
import shlex
from collections.abc import Iterator
from itertools import pairwise

import pytest
import requests

from faxhooks.providers.asking import AwayError, CredentialsError, renew_alone
from faxhooks.providers.connecting import HookClient, Step, needing
from faxhooks.providers.registry import PROVIDERS
from faxhooks.providers.signalwire.sender import EVENTS
from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from faxhooks.simulator.fakes.signalwire import SignalWireFake
from tests.fakes import FROM, TIMEOUT, TO
from tests.providers.wire import answering, told

HOOK_URL = "https://hooks.example.com/hooks/x/t0kenT0kenT0ken"
PROJECT = "b3877c40-da60-4998-90ad-b792e98472af"
HAVING_HOOKS = [name for name, provider in PROVIDERS.items() if provider.has_hook]


def guide(name: str, **options: str) -> tuple[Step, ...]:
    given = {"project-id": PROJECT} | {key.replace("_", "-"): v for key, v in options.items()}
    return PROVIDERS[name].guide({key: (value,) for key, value in given.items()}, HOOK_URL)


def words(command: str, **variables: str) -> list[str]:
    """What a shell makes of a command, with these variables set."""
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    assert "$" not in command
    return shlex.split(command)


def after(option: str, said: list[str]) -> list[str]:
    """The values that follow an option, as often as it is there."""
    return [value for name, value in pairwise(said) if name == option]


@pytest.fixture
def signalwire() -> Iterator[SignalWireFake]:
    with SignalWireFake().serve() as fake:
        yield fake


@pytest.mark.parametrize("name", HAVING_HOOKS)
def test_every_provider_that_calls_says_where_the_hook_url_is_entered(name: str) -> None:
    steps = guide(name)
    assert steps
    for step in steps:
        assert HOOK_URL in [value for _, value in step.values]
        assert step.command is None or HOOK_URL in step.command


@pytest.mark.parametrize("name", HAVING_HOOKS)
def test_no_secret_of_the_account_is_in_what_is_to_be_pasted(name: str) -> None:
    options = PROVIDERS[name].options
    config = {each.name: (f"s3cret-{each.name}",) for each in options if each.secret}
    for step in PROVIDERS[name].guide(config, HOOK_URL):
        assert "s3cret" not in str(step)


def test_signalwire_is_asked_for_all_its_events() -> None:
    sent, number, script = guide("signalwire", space="example")
    events = [value for name, value in sent.values if name == "StatusCallbackEvent"]
    assert (
        events
        == list(EVENTS)
        == [
            "initiated",
            "ringing",
            "answered",
            "completed",
            "ringing_forwarded",
            "ringing_queued",
        ]
    )
    assert sent.values[:2] == (("StatusCallback", HOOK_URL), ("StatusCallbackMethod", "POST"))
    assert ("Accept Incoming Calls As", "Fax") in number.values
    assert script.values == (("status_url", HOOK_URL),)


@pytest.mark.parametrize(("form", "said"), [("joined", [",".join(EVENTS)]), ("none", [])])
def test_the_events_stand_as_the_account_has_it(form: str, said: list[str]) -> None:
    values = guide("signalwire", event_form=form)[0].values
    assert [value for name, value in values if name == "StatusCallbackEvent"] == said


def test_signalwires_command_sends_a_fax_that_is_told_of(signalwire: SignalWireFake) -> None:
    project, token = signalwire.project, signalwire.secrets["api-token"][0]
    command = guide("signalwire", project_id=project, base_url=signalwire.url)[0].command
    media = "https://example.com/a.pdf"
    said = words(command or "", API_TOKEN=token, MEDIA_URL=media, FROM=FROM, TO=TO)
    form = [tuple(field.split("=", 1)) for field in after("--data-urlencode", said)]
    assert after("-u", said) == [f"{project}:{token}"]
    (url,) = [word for word in said if word.startswith(signalwire.url)]
    answer = requests.post(url, data=form, auth=(project, token), timeout=TIMEOUT)
    assert answer.status_code == 200, answer.text
    assert [value for name, value in form if name == "StatusCallback"] == [HOOK_URL]
    assert [value for name, value in form if name == "StatusCallbackEvent"] == list(EVENTS)


def test_signalwires_other_command_lets_a_number_receive() -> None:
    said = words(
        guide("signalwire", space="example")[1].command or "", API_TOKEN="t", NUMBER_ID="n"
    )
    assert "https://example.signalwire.com/api/relay/rest/phone_numbers/n" in said
    assert after("-X", said) == ["PUT"]
    assert json.loads(after("-d", said)[0]) == {
        "call_receive_mode": "fax",
        "call_handler": "laml_webhooks",
        "call_request_url": HOOK_URL,
        "call_request_method": "POST",
    }


def test_fax_pluss_commands_register_a_hook_for_each_event() -> None:
    with FaxPlusFake().serve() as fake:
        (step,) = guide("faxplus", **{k.replace("-", "_"): v for k, v in fake.options.items()})
        token = fake.secrets["access-token"][0]
        for command in (step.command or "").split("&&\n"):
            said = words(command, ACCESS_TOKEN=token)
            headers = dict(header.split(": ", 1) for header in after("-H", said))
            body = after("-d", said)[0]
            answer = requests.post(said[1], data=body, headers=headers, timeout=TIMEOUT)
            assert answer.status_code == 201, answer.text
        hooks = [(hook["event"], hook["target"]) for hook in fake.hooks.values()]
    assert hooks == [("fax_sent", HOOK_URL), ("fax_received", HOOK_URL)]


@pytest.mark.parametrize(
    ("name", "scope"),
    [("list", "fax:webhook:read"), ("add", "fax:webhook:edit"), ("remove", "fax:webhook:edit")],
)
def test_a_token_without_the_scope_is_told_which_it_lacks(name: str, scope: str) -> None:
    with answering(told({"error": "forbidden"}, "403 Forbidden")) as wire:
        client = connected(wire.origin)
        deeds = {
            "list": client.list_hooks,
            "add": lambda: client.add_hook(HOOK_URL, "fax_sent"),
            "remove": lambda: client.remove_hook("h1"),
        }
        with pytest.raises(CredentialsError, match=scope) as caught:
            deeds[name]()
    assert len(wire.requests) == 1
    assert (caught.value.status, caught.value.code) == (403, "forbidden")
    assert "account rotate" in str(caught.value)
    assert HOOK_URL not in str(caught.value)


def test_other_faults_are_left_as_they_are() -> None:
    for error in (CredentialsError("no", status=401), AwayError("away", status=503)):
        with pytest.raises(type(error)) as caught, needing("Fax.Plus", "fax:webhook:edit"):
            raise error
        assert caught.value is error


def connected(base_url: str) -> HookClient:
    config = {"access-token": ("alohi_pat_x",), "base-url": (base_url,)}
    make = PROVIDERS["faxplus"].connect
    assert make is not None
    client = make(config, renew_alone(config))
    assert client is not None
    return client
