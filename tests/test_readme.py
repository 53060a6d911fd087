"""The README says what is: each check is run on it, and on a README that is wrong.

A check takes the text and a service, and says what is wrong.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
import pytest
from click.testing import CliRunner

from faxhooks.cli.context import Context
from faxhooks.cli.main import cli
from faxhooks.domain.fax import FaxStatus
from faxhooks.settings import Settings
from faxhooks.simulator.scenarios import Load, get_scenario, tell_many
from faxhooks.simulator.story import Customer
from tests.documents import PAGES, ROOT, Page, spans
from tests.story import PUBLIC_URL, Service, make_service

README: Final = (ROOT / "README.md").read_text()
DEMO: Final = "http://localhost:8000"
SOME_ID: Final = "00000000-0000-7000-8000-000000000001"
Check = Callable[[str, Service], list[str]]

_COMMAND: Final = re.compile(r"(?:^|[\s(])faxhooks +([^|;&()\n]+)")
_TARGET: Final = re.compile(r"(?:^|[\s(])make +([a-z]+)")
_OWN_PATH: Final = re.compile(r"(?<=`)/(?:api/v1/[\w/{}.]+|(?:healthz|readyz|metrics)[\w/]*)(?=`)")


@pytest.fixture
def service(sqlite_url: str) -> Iterator[Service]:
    made = make_service(sqlite_url)
    yield made
    made.parts.database.engine.dispose()


def commands_parse(text: str, _: Service) -> list[str]:
    """What is to be typed must be whole; what is named in a sentence must be there."""
    page = Page(text)
    typed = [found for line in page.commands for found in _COMMAND.findall(line)]
    named = [found for span in page.spans for found in _COMMAND.findall(span)]
    assert typed
    assert named
    faults = [_unknown(each) for each in (*typed, *named)]
    faults += [_incomplete(each) for each in typed]
    return [fault for fault in faults if fault]


def _unknown(written: str) -> str | None:
    """Help is shown for the command unless it, or an option before, is not known."""
    words = [*shlex.split(written), "--help"]
    result = CliRunner().invoke(cli, words, obj=Context(_never, _never))
    return None if result.exit_code == 0 else f"{written}: {result.output}"


def _incomplete(written: str) -> str | None:
    """Whether its options and arguments are all there, and are what they may be."""
    command: click.Command = cli
    words = shlex.split(written)
    while isinstance(command, click.Group) and words:
        word = words.pop(0)
        command = command if word.startswith("-") else command.commands.get(word, command)
    try:
        with CliRunner().isolation(input="PSK_example\n"):
            command.make_context(command.name, words)
    except click.UsageError as error:
        return f"{written}: {error.format_message()}"
    return None


def _never(*_: Any) -> Any:
    raise AssertionError("a command that is only looked at asks for nothing")


class Asked(Mapping[str, str]):
    """An environment that notes which variables it is asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def settings_are_those_that_are_read(text: str, _: Service) -> list[str]:
    environment = Asked(
        {
            "DATABASE_URL": "postgresql://db.example.com/fax",
            "PUBLIC_URL": "https://fax.example.com",
            "SECRET_KEYS": "one-Secret_that.is(long)enough:4711",
        }
    )
    Settings.from_env(environment)
    told = {name for row in Page(text).rows("variable") for name in spans(row[0])}
    return sorted(told ^ environment.names)


def make_targets_exist(text: str, _: Service) -> list[str]:
    page = Page(text)
    named = {name for code in (*page.commands, *page.spans) for name in _TARGET.findall(code)}
    assert named
    return sorted(named - set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)))


def links_lead_somewhere(text: str, _: Service, folder: Path = ROOT) -> list[str]:
    """Links to pages elsewhere are not followed."""
    faults = []
    for link in Page(text).links:
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = folder / path
        # A picture has no headings, and is no text.
        page = Page(target.read_text() if path and anchor and target.is_file() else text)
        if not target.exists() or (anchor and anchor not in page.anchors):
            faults.append(link)
    return faults


def statuses_are_all_there_are(text: str, _: Service) -> list[str]:
    told = {(*spans(row[0]), row[1]) for row in Page(text).rows("status", "outcome")}
    return sorted(map(str, told ^ {(status, status.outcome) for status in FaxStatus}))


def samples_have_the_shape_of_the_api(text: str, service: Service) -> list[str]:
    """A fax that is busy has a reason, so nothing in the shape is left open."""
    assert service.hook.signalwire(FaxSid="f1", FaxStatus="busy").status_code == 200
    shape = _names(service.api.fax("f1"))
    return sorted({name for fax in _sample_faxes(text) for name in _names(fax) ^ shape})


def _sample_faxes(text: str) -> list[dict[str, Any]]:
    samples = [json.loads(block) for block in Page(text).blocks("json")]
    faxes: list[dict[str, Any]] = [fax for sample in samples for fax in sample["data"]]
    assert faxes
    return faxes


def _names(said: Mapping[str, Any]) -> set[str]:
    """The names in an object, and those in the objects inside as `outer.inner`."""
    inner = {f"{k}.{name}" for k, v in said.items() if isinstance(v, dict) for name in v}
    return set(said) | inner


def sample_can_be_repeated(text: str, _: Service) -> list[str]:
    """The seed in the command makes the very fax that is shown."""
    (typed,) = re.findall(r"faxhooks simulate (\w+) (\S+) --seed (\d+)", text)
    scenario = get_scenario(*typed[:2])
    customer = Customer(PUBLIC_URL, {})
    ids = {
        each.fax_id
        for told in tell_many(scenario, customer, Load(seed=int(typed[2])))
        for each in told
    }
    shown = {fax["provider_fax_id"] for fax in _sample_faxes(text)}
    asked = set(re.findall(r"provider_fax_id=([\w-]+)", text))
    return sorted((ids ^ shown) | (ids ^ asked))


def addresses_are_answered(text: str, service: Service) -> list[str]:
    """Each path has a route, and each question to the API is understood."""
    routes = service.app.url_map.bind("localhost")
    paths = _OWN_PATH.findall(text)
    questions = re.findall(rf"{DEMO}/api/v1([^\s'\"]+)", text)
    assert paths
    assert questions
    faults = [path for path in paths if not routes.test(path.replace("{id}", SOME_ID), "GET")]
    return faults + [each for each in questions if service.api.get(each).status_code != 200]


def processes_are_those_of_the_procfile(text: str, _: Service) -> list[str]:
    procfile = (ROOT / "Procfile").read_text()
    told = Page(text).blocks("procfile")
    faults = [] if told == [procfile] else ["the processes are not those of the Procfile"]
    return faults + [fault for each in _COMMAND.findall(procfile) if (fault := _incomplete(each))]


WRONG: Final[list[tuple[Check, str, str]]] = [
    (commands_parse, "faxhooks key create --label trying-out", "faxhooks key make --label x"),
    (commands_parse, "faxhooks key create --label trying-out", "faxhooks key create"),
    (commands_parse, "`faxhooks doctor` looks", "`faxhooks nurse` looks"),
    (commands_parse, "faxhooks faxes show ID", "faxhooks faxes show --fax ID"),
    (commands_parse, "signalwire busy --seed", "signalwire asleep --seed"),
    (commands_parse, "--older-than 400d", "--before 400d"),
    (settings_are_those_that_are_read, "| `METRICS_TOKEN` |", "| `METRICS_KEY` |"),
    (settings_are_those_that_are_read, "| `PORT` | 8000", "| | 8000"),
    (make_targets_exist, "`make lint`", "`make style`"),
    (make_targets_exist, "$ make run", "$ make start"),
    (links_lead_somewhere, "docs/providers/faxplus.md", "docs/providers/fax.plus.md"),
    (links_lead_somewhere, "(#deploying)", "(#deployment)"),
    (statuses_are_all_there_are, "| `partial` |", "| `partly` |"),
    (statuses_are_all_there_are, "| `partial` | failure |", "| `partial` | success |"),
    (statuses_are_all_there_are, "| `queued` | pending", "| `busy` | failure"),
    (samples_have_the_shape_of_the_api, '"pages": null,', ""),
    (samples_have_the_shape_of_the_api, '"pages": null,', '"pages": null, "sheets": null,'),
    (samples_have_the_shape_of_the_api, '"fault": "recipient",', ""),
    (samples_have_the_shape_of_the_api, '"label": "demo-signalwire"', '"name": "main"'),
    (sample_can_be_repeated, "signalwire busy --seed 2", "signalwire busy --seed 3"),
    (addresses_are_answered, "/api/v1/changes", "/api/v1/news"),
    (addresses_are_answered, "faxes?provider_fax_id=", "faxes?fax="),
    (addresses_are_answered, "/readyz", "/metrics/ready"),
    (processes_are_those_of_the_procfile, "-m faxhooks worker", "-m faxhooks work"),
]
CHECKS: Final = list(dict.fromkeys(check for check, _, _ in WRONG))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_readme_is_right(check: Check, service: Service) -> None:
    assert check(README, service) == []


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    WRONG,
    ids=[f"{c.__name__}-{n}" for n, (c, _, _) in enumerate(WRONG)],
)
def test_a_wrong_readme_is_noticed(check: Check, right: str, wrong: str, service: Service) -> None:
    assert right in README
    assert check(README.replace(right, wrong), service) != []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_every_page_leads_somewhere(page: Path, service: Service) -> None:
    assert links_lead_somewhere(page.read_text(), service, page.parent) == []
