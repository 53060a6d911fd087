"""Genuine signed callbacks, fired at the running service; and what it makes of them."""

import json
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click
from rich.console import Console

from faxhooks.cli.context import Context, Group, pass_context, read_secret
from faxhooks.cli.fakes import provider
from faxhooks.cli.showing import follow, show_table
from faxhooks.domain.errors import InvalidInputError, NotFoundError
from faxhooks.providers.registry import get_provider
from faxhooks.services.accounts import Account
from faxhooks.services.auditing import unix_actor
from faxhooks.services.keys import create_key, revoke_key
from faxhooks.simulator.asking import Api
from faxhooks.simulator.firing import Pace, Report, fire
from faxhooks.simulator.line import check_reachable
from faxhooks.simulator.outcome import Outcome
from faxhooks.simulator.scenarios import SCENARIOS, Load, size, tell_many
from faxhooks.simulator.story import Customer, Prepared, Scenario

_MANY: Final = click.IntRange(1, 100_000)
_AT_ONCE: Final = click.IntRange(1, 256)
_KEY_LIFE: Final = timedelta(hours=1)
_HINTS: Final = {
    "403": "the signature was refused; is PUBLIC_URL here the same as the service's?",
    "404": "the service does not know this hook; is DATABASE_URL here the same as the service's?",
    "503": "the service could not keep it; see its /readyz",
}
_HISTORY: Final = ("status", "verdict", "evidence", "provider_status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was given on the command line."""

    scenario: str
    account: str | None
    url: str | None
    count: int
    rate: float | None
    concurrency: int
    shuffle: bool
    repeat: int
    seed: int | None
    recipient: str | None
    sender: str | None
    key: str | None
    tags: dict[str, str]
    show: bool


@click.group(cls=Group)
def simulate() -> None:
    """Fire genuine signed callbacks at the running service, or run a fake provider."""


def _options() -> list[click.Parameter]:
    rate = click.FloatRange(0, min_open=True)
    key = "API key, or - to be asked. [default: one made for this run]"
    tag = "NAME=VALUE that the faxes are tagged with, by the API; may come several times."
    return [
        click.Option(["--account"], help="Label or id. [default: the oldest that is enabled]"),
        click.Option(["--url"], help="Of the service. [default: http://127.0.0.1:PORT]"),
        click.Option(["--count"], type=_MANY, default=1, help="So many faxes."),
        click.Option(["--rate"], type=rate, help="At most so many callbacks a second."),
        click.Option(["--concurrency"], type=_AT_ONCE, default=8, help="So many at once."),
        click.Option(["--shuffle"], is_flag=True, help="Mix the callbacks of all faxes."),
        click.Option(["--repeat"], type=_MANY, default=1, help="Each callback so many times."),
        click.Option(["--seed"], type=int, help="The same one gives the same ids and numbers."),
        click.Option(["--to", "recipient"], help="The number that the faxes go to."),
        click.Option(["--from", "sender"], help="The number that the faxes come from."),
        click.Option(["--key"], envvar="FAXHOOKS_KEY", show_envvar=True, help=key),
        click.Option(["--tag", "tags"], multiple=True, callback=_read_tags, help=tag),
        click.Option(
            ["--show/--no-show"], default=True, is_eager=True, help="Ask the API what it then says."
        ),
    ]


def _read_tags(context: click.Context, _: click.Parameter, given: tuple[str, ...]) -> Any:
    """What a tag may be is the API's to say."""
    if given and not context.params.get("show", True):
        raise click.UsageError("--tag asks the API, which --no-show forbids; leave one out.")
    pairs = [text.partition("=") for text in given]
    if not all(separator for _, separator, _ in pairs):
        raise click.BadParameter("write it as NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _command(provider: str, scenarios: Mapping[str, Scenario]) -> click.Command:
    def run(context: Context, **given: Any) -> None:
        _simulate(context, provider, Asked(**given))

    about = f"Tell of faxes as {get_provider(provider).title} would."
    names = click.Choice(list(scenarios))
    width = max(map(len, scenarios)) + 2
    listed = "\n".join(f"{name:{width}}{each.about}" for name, each in scenarios.items())
    return click.Command(
        provider,
        callback=pass_context(run),
        params=[click.Argument(["scenario"], type=names, metavar="SCENARIO"), *_options()],
        help=f"{about}\n\n\b\nScenarios:\n{listed}",
        short_help=about,
    )


for _provider, _scenarios in SCENARIOS.items():
    simulate.add_command(_command(_provider, _scenarios))
simulate.add_command(provider)


def _simulate(context: Context, provider: str, asked: Asked) -> None:
    account = _account(context, provider, asked.account)
    base_url = asked.url or f"http://127.0.0.1:{context.settings.port}"
    check_reachable(base_url)
    customer = Customer(account.hook_url, account.config, asked.sender, asked.recipient)
    outcome, fax_ids = _fire(SCENARIOS[provider][asked.scenario], customer, asked, base_url)
    try:
        if asked.show and outcome.report.accepted:
            with _key(context, account, asked) as key, Api(base_url, key) as api:
                outcome = outcome.ask(api, fax_ids, asked.tags)
    finally:  # Also when the API refuses: what was sent is sent.
        context.answer(outcome.as_json(), lambda console: _show(console, outcome))
    _end(outcome.report)


def _account(context: Context, provider: str, name: str | None) -> Account:
    """The account named, else the oldest of the provider's that is enabled."""
    parts = context.parts
    if name is not None:
        found = parts.database.read(lambda session: parts.accounts.get(session, name))
        if found.provider != provider:
            raise InvalidInputError("account", f"{name!r} is an account of {found.provider}")
        return found
    accounts = parts.database.read(parts.accounts.list_all)
    enabled = [each for each in accounts if each.provider == provider and not each.disabled_at]
    if not enabled:
        raise NotFoundError(f"no {provider} account is enabled; see `faxhooks account add --help`")
    return min(enabled, key=lambda account: account.created_at)


def _fire(
    scenario: Scenario, customer: Customer, asked: Asked, base_url: str
) -> tuple[Outcome, list[str]]:
    """Send all of it; how that went, and the ids of the faxes."""
    seed = secrets.randbits(32) if asked.seed is None else asked.seed
    load = Load(asked.count, asked.repeat, asked.shuffle, seed)
    stretches: Iterable[list[Prepared]] = tell_many(scenario, customer, load)
    if asked.count > 1:
        total = size(scenario, customer, load) if asked.shuffle else asked.count
        stretches = follow(stretches, total, "Sending")
    fax_ids: dict[str, None] = {}
    report = fire(
        stretches,
        base_url,
        Pace(asked.concurrency, asked.rate),
        lambda answer: fax_ids.update({answer.callback.fax_id: None}),
    )
    return Outcome(report, seed), list(fax_ids)


@contextmanager
def _key(context: Context, account: Account, asked: Asked) -> Iterator[str]:
    """The key that was given, else one for this run and this account alone, which may do no
    more than is asked for: tags take the scope `send`.
    """
    if asked.key is not None:
        yield read_secret(asked.key, "key")
        return
    scopes = ("read", "send") if asked.tags else ("read",)
    database, until = context.parts.database, datetime.now(UTC) + _KEY_LIFE
    row, key = database.write(
        lambda session: create_key(
            session,
            "simulate",
            scopes,
            account_id=account.id,
            expires_at=until,
            actor=unix_actor(),
        )
    )
    try:
        yield key
    finally:
        database.write(lambda session: revoke_key(session, row.id, actor=unix_actor()))


def _show(console: Console, outcome: Outcome) -> None:
    click.echo(outcome.summary())
    standing = outcome.standing
    if standing is None:
        return
    if outcome.history:
        click.echo(json.dumps(standing.faxes[0]))
        rows = [[entry[name] for name in _HISTORY] for entry in outcome.history]
        show_table(console, _HISTORY, rows, "It has no history.")
    else:
        show_table(console, ("status", "faxes"), standing.statuses.most_common(), "No fax.")
    if standing.unknown:
        advice = "what could not be read is kept, see `faxhooks callbacks list`"
        click.echo(f"Not known as a fax: {standing.unknown}; {advice}.")


def _end(report: Report) -> None:
    """Fail when anything was refused or lost, and say what to look at."""
    for said in sorted(report.answers.keys() & _HINTS.keys()):
        click.echo(f"faxhooks: {said}: {_HINTS[said]}", err=True)
    if report.accepted < report.sent:
        sys.exit(1)
