"""A fake provider to send through and to ask, for as long as the command runs."""

import signal
from collections.abc import Mapping
from dataclasses import fields
from queue import SimpleQueue
from types import FrameType
from typing import Any, Final

import click

from faxhooks.cli.context import Context, Group, pass_context
from faxhooks.domain.errors import InvalidInputError
from faxhooks.providers.registry import get_provider
from faxhooks.simulator.fakes.behaviour import Behaviour
from faxhooks.simulator.fakes.fake import Fake
from faxhooks.simulator.fakes.registry import FAKES, TRIALS
from faxhooks.simulator.line import check_reachable
from faxhooks.simulator.story import Secrets
from faxhooks.worker.running import hear

_CHANCE: Final = click.FloatRange(0, 1)
_SECONDS: Final = click.FloatRange(0)
_SPEED: Final = click.FloatRange(0, min_open=True)
_FAULTS: Final = (
    (["--drop"], _CHANCE, "Chance that a callback never comes."),
    (["--duplicate"], _CHANCE, "Chance that one comes twice."),
    (["--reorder"], _CHANCE, "Chance that one is overtaken by what follows."),
    (["--delay"], _SECONDS, "The most seconds by which one is late."),
    (["--throttle"], _CHANCE, "Chance that a request is answered 429."),
    (["--fail"], _CHANCE, "Chance of 503."),
    (["--hang"], _CHANCE, "Chance of no answer at all."),
    (["--garble"], _CHANCE, "Chance of a wrong answer."),
    (["--speed"], _SPEED, "So many of its seconds pass in one of ours."),
)


@click.group("provider", cls=Group)
def provider() -> None:
    """Run a fake of a provider's API: it takes faxes, calls back and is asked."""


def _options() -> list[click.Parameter]:
    account = "Label or id of the account it is to know. [default: one that it prints]"
    url = "Where its callbacks go, in place of the origin they are signed for."
    outcome = "How often faxes end so; may be given several times. [default: all arrive]"
    return [
        click.Option(["--port"], type=click.IntRange(0, 65535), default=8100, show_default=True),
        click.Option(["--account"], help=account),
        click.Option(["--url"], help=url),
        *(click.Option(names, type=kind, help=text) for names, kind, text in _FAULTS),
        click.Option(["--outcome"], multiple=True, metavar="WORD=WEIGHT", help=outcome),
        click.Option(["--seed"], type=int, help="The same one gives the same ids and faults."),
    ]


def _command(name: str) -> click.Command:
    def run(context: Context, **given: Any) -> None:
        _run(context, name, given)

    about = f"Run a fake of {get_provider(name).title}'s API on this machine."
    more = "It ends with Ctrl-C. Times, chances and words are its own; nothing is faxed."
    return click.Command(
        name,
        callback=pass_context(run),
        params=_options(),
        help=f"{about}\n\n{more}",
        short_help=about,
    )


for _name in FAKES:
    provider.add_command(_command(_name))


def _run(context: Context, name: str, given: Mapping[str, Any]) -> None:
    if given["url"] is not None:
        check_reachable(given["url"])
    secrets = _secrets(context, name, given["account"])
    fake = FAKES[name](_behaviour(given), secrets, given["url"])
    # Putting into this queue is safe in a signal handler; setting an event is not: the handler
    # would wait for the lock of the very wait that it has interrupted.
    ended: SimpleQueue[int] = SimpleQueue()

    def stop(number: int, _frame: FrameType | None) -> None:
        ended.put(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with fake.serve(given["port"]):
            said = {"provider": name, "url": fake.url, "options": dict(fake.options)}
            context.answer(said, lambda _: _introduce(name, fake, secrets, given["account"]))
            hear(ended)
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
    click.echo(f"Asked {len(fake.calls)} times; callbacks: {dict(fake.sent) or 'none'}", err=True)


def _secrets(context: Context, name: str, label: str | None) -> Secrets:
    """The account's own values, or those of one that is made up."""
    if label is None:
        return TRIALS[name]
    accounts, database = context.parts.accounts, context.parts.database
    account = database.read(lambda session: accounts.get(session, label))
    if account.provider != name:
        raise InvalidInputError("account", f"{label!r} is an account of {account.provider}")
    return account.config


def _behaviour(given: Mapping[str, Any]) -> Behaviour:
    """What was asked for, over what is well-behaved."""
    names = {field.name for field in fields(Behaviour)}
    asked = {key: value for key, value in given.items() if key in names and value is not None}
    return Behaviour(**asked, outcomes=dict(map(_weight, given["outcome"])))


def _weight(written: str) -> tuple[str, float]:
    word, _, weight = written.partition("=")
    try:
        return word, float(weight or "1")
    except ValueError:
        raise InvalidInputError("outcome", "--outcome must be like busy=0.2") from None


def _introduce(name: str, fake: Fake, secrets: Secrets, label: str | None) -> None:
    """Where it is, and how an account is led there; of an account nothing secret is shown."""
    leading = " ".join(f"--{option} {value}" for option, value in fake.options.items())
    click.echo(f"A fake {fake.title} listens at {fake.url}; Ctrl-C ends it.")
    if label is not None:
        click.echo(f"Lead the account there: faxhooks account rotate {label} {leading}")
        return
    made_up = " ".join(f"--{option} {values[0]}" for option, values in secrets.items())
    click.echo("It knows a made-up account, which is added so:")
    click.echo(f"  faxhooks account add {name} --label fake {made_up} {leading}")
