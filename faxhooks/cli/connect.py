"""How an account's hook URL comes to its provider: by its API, or by what is printed here."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console

from faxhooks.cli.context import Context, pass_context
from faxhooks.cli.showing import plain, show_fields, show_table
from faxhooks.providers.base import Provider
from faxhooks.providers.connecting import Hook, Step
from faxhooks.providers.registry import get_provider
from faxhooks.services.accounts import Account
from faxhooks.services.auditing import unix_actor
from faxhooks.services.connecting import Connection, Connector, Standing


@click.command()
@click.argument("name")
@click.option("--show", is_flag=True, help="Only list what is registered.")
@click.option("--drop-old", is_flag=True, help="Remove our older hook URLs too.")
@click.option("--remove", is_flag=True, help="Remove all hook URLs of ours.")
@click.option("--guide", is_flag=True, help="Only say how to do it by hand.")
@pass_context
def connect(context: Context, /, name: str, **ways: bool) -> None:
    """Register an account's hook URL at its provider, for every event there is.

    What is registered already is left as it is. Where the provider's API registers no hooks,
    it is printed what to enter where.
    """
    way = _only_way(ways)
    connector = Connector(context.parts)
    account = connector.find(name)
    provider = get_provider(account.provider)
    if not provider.has_hook:
        said = f"{provider.title} has no callbacks, so there is nothing to register."
        context.answer(_answer(account, "none"), lambda _: click.echo(said))
    elif provider.connect is not None and way != "guide":
        _by_api(context, account, _connection(connector, account, way))
    elif way in (None, "guide"):
        _by_hand(context, account, provider)
    else:
        raise click.UsageError(
            f"{provider.title} registers no hooks by its API; without --{way} it is printed "
            "what to enter where"
        )


def _only_way(ways: Mapping[str, bool]) -> str | None:
    given = [name.replace("_", "-") for name, wanted in ways.items() if wanted]
    if len(given) > 1:
        raise click.UsageError(f"give one of {', '.join(f'--{name}' for name in given)}")
    return given[0] if given else None


def _connection(connector: Connector, account: Account, way: str | None) -> Connection:
    if way == "show":
        return connector.look(account)
    if way == "remove":
        return connector.disconnect(account, actor=unix_actor())
    return connector.connect(account, drop_old=way == "drop-old", actor=unix_actor())


def _answer(account: Account, by: str, **more: Any) -> dict[str, Any]:
    """For programs; `by` is `api`, `hand` or `none`."""
    named = {"id": account.id, "label": account.label}
    return {
        "account": named,
        "provider": account.provider,
        "hook_url": account.hook_url or None,
        "by": by,
        **more,
    }


def _by_api(context: Context, account: Account, found: Connection) -> None:
    answer = _answer(
        account,
        "api",
        **hooks_json(found),
        added=[_hook_json(hook) for hook in found.changes.added],
        removed=[_hook_json(hook) for hook in found.changes.removed],
    )
    context.answer(answer, lambda console: _show(console, account, found))


def hooks_json(found: Connection) -> dict[str, Any]:
    """What is registered, and the events that nobody reports to the account's hook URL."""
    hooks = [{**_hook_json(hook), "standing": standing} for hook, standing in found.hooks]
    return {"hooks": hooks, "missing": found.missing}


def _hook_json(hook: Hook) -> dict[str, str]:
    return {"id": hook.id, "event": hook.event, "target": hook.target}


def _show(console: Console, account: Account, found: Connection) -> None:
    for deed, hooks in (("Registered", found.changes.added), ("Removed", found.changes.removed)):
        for hook in hooks:
            click.echo(f"{deed} {plain(hook.event)} at {plain(hook.target)}")
    rows = [(hook.event, standing, hook.id, hook.target) for hook, standing in found.hooks]
    columns = ("event", "hook", "id", "target")
    show_table(console, columns, rows, "No hook is registered.")
    for said in remarks(account, found):
        click.echo(f"\n{said}")


def remarks(account: Account, found: Connection) -> Sequence[str]:
    """What is to be done about the hooks as they stand, in a sentence each."""
    command, said = f"faxhooks account connect {account.id}", []
    if found.missing:
        events = " and ".join(found.missing)
        said.append(f"Nobody reports {events} to the account's hook URL; `{command}` registers it.")
    if found.of(Standing.OLD):
        said.append(f"An older hook URL is still registered; `{command} --drop-old` removes it.")
    return said


def _by_hand(context: Context, account: Account, provider: Provider) -> None:
    steps = provider.guide(account.config, account.hook_url)
    answer = _answer(account, "hand", steps=[_step_json(step) for step in steps])
    context.answer(answer, lambda _: _show_steps(provider, steps))


def _step_json(step: Step) -> dict[str, Any]:
    values = [{"name": name, "value": value} for name, value in step.values]
    return {"what": step.what, "where": step.where, "values": values, "command": step.command}


def _show_steps(provider: Provider, steps: Sequence[Step]) -> None:
    click.echo(f"Enter this at {provider.title}; keep the URL secret, it lets callbacks in.")
    for step in steps:
        click.echo(f"\n{step.what} ({step.where}):\n")
        show_fields([(f"    {name}", value) for name, value in step.values])
        if step.command:
            click.echo("\n  or:\n")
            click.echo(textwrap.indent(step.command, "    "))
