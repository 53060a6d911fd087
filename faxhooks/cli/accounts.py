"""Accounts at providers: added, shown, rotated, turned off and on."""

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from sqlalchemy.orm import Session

from faxhooks.cli.accountfields import account_json, asking_fields, described, hook_fields
from faxhooks.cli.connect import hooks_json, remarks
from faxhooks.cli.context import Context, Group, pass_context
from faxhooks.cli.options import account_options, given_values, rotation_options
from faxhooks.cli.showing import plain, show_fields, show_table
from faxhooks.domain.errors import InvalidInputError
from faxhooks.providers.base import Provider
from faxhooks.providers.registry import PROVIDERS, get_provider
from faxhooks.services.accounts import Account, Values
from faxhooks.services.askingfigures import asking_json
from faxhooks.services.auditing import unix_actor
from faxhooks.services.connecting import Connector


@click.group(cls=Group)
def account() -> None:
    """Accounts at providers, and their hook URLs."""


@account.group("add")
def add() -> None:
    """Add an account; `account add PROVIDER --help` lists what it needs."""


def _add_command(provider: Provider) -> click.Command:
    def run(context: Context, label: str, **given: Any) -> None:
        values = given_values(provider.options, given)
        made = context.parts.database.write(
            lambda session: context.parts.accounts.add(
                session, provider.name, label, values, actor=unix_actor()
            )
        )
        context.answer(account_json(made), lambda _: _introduce(made))

    then = "and print the hook URL to register there" if provider.has_hook else "to send through"
    named = click.Option(["--label"], required=True, help="What people call the account.")
    return click.Command(
        provider.name,
        callback=pass_context(run),
        params=[named, *account_options(provider.options)],
        help=f"Add a {provider.title} account {then}.\n\n"
        "Of a secret, `-` reads the value from standard input: a line for each.",
        short_help=f"Add a {provider.title} account.",
    )


for _provider in PROVIDERS.values():
    add.add_command(_add_command(_provider))


@account.command("list")
@pass_context
def list_accounts(context: Context) -> None:
    """Every account, in order of the labels."""
    found = context.parts.database.read(context.parts.accounts.list_all)
    columns = ("label", "provider", "id", "created", "disabled")
    rows = [(a.label, a.provider, a.id, a.created_at, a.disabled_at) for a in found]
    empty = "There is no account yet; add one with `faxhooks account add`."
    context.answer(
        {"data": [account_json(each) for each in found]},
        lambda console: show_table(console, columns, rows, empty),
    )


@account.command()
@click.argument("name")
@click.option("--ask", is_flag=True, help="Ask the provider too which hook URLs it calls.")
@pass_context
def show(context: Context, name: str, ask: bool) -> None:
    """One account by its label or id: hook URLs, options, which secrets are set, how its
    provider is asked, and how its callbacks came in the last 30 days.
    """

    def work(session: Session) -> tuple[Account, dict[str, Any]]:
        found = context.parts.accounts.get(session, name)
        return found, asking_json(session, found.id)

    found, asking = context.parts.database.read(work)
    hooks = Connector(context.parts).look(found) if ask else None

    def tell(_: Console) -> None:
        asked = [] if hooks is None else hook_fields(hooks)
        show_fields([*described(found), *asking_fields(asking), *asked])
        for said in [] if hooks is None else remarks(found, hooks):
            click.echo(f"\n{said}")

    registered = {} if hooks is None else {"registered": hooks_json(hooks)}
    context.answer({**account_json(found), "asking": asking, **registered}, tell)


@account.command()
@click.argument("name")
@click.option("--hook-token", is_flag=True, help="Make a new hook URL; the old one stays good.")
@click.option("--drop-old", is_flag=True, help="Keep only the newest values and hook URL.")
@pass_context
def rotate(context: Context, /, name: str, hook_token: bool, drop_old: bool, **given: Any) -> None:
    """Put new values in front of the old ones, which stay good until --drop-old.

    An option that holds one value only is replaced. Of a secret, `-` reads the value from
    standard input.
    """
    values = {option.replace("_", "-"): kept for option, kept in given.items() if kept}
    if not (values or hook_token or drop_old):
        raise click.UsageError("say what to rotate: an option, --hook-token or --drop-old")

    def work(session: Session) -> Account:
        accounts = context.parts.accounts
        changed = accounts.get(session, name)
        _refuse_foreign(changed, values)
        if values or hook_token:
            changed = accounts.rotate(session, name, values, token=hook_token, actor=unix_actor())
        return accounts.drop_old(session, name, actor=unix_actor()) if drop_old else changed

    changed = context.parts.database.write(work)
    context.answer(account_json(changed), lambda _: _describe_rotated(changed, hook_token))


rotate.params.extend(rotation_options(PROVIDERS.values()))


@account.command()
@click.argument("name")
@pass_context
def disable(context: Context, name: str) -> None:
    """Turn an account's hook off: its URL answers 404 within seconds."""
    _set_disabled(context, name, disabled=True)


@account.command()
@click.argument("name")
@pass_context
def enable(context: Context, name: str) -> None:
    """Turn an account's hook on again."""
    _set_disabled(context, name, disabled=False)


@account.command()
@pass_context
def reseal(context: Context) -> None:
    """Encrypt all secrets with the newest of SECRET_KEYS; then the older ones may go."""
    count = context.parts.database.write(
        lambda session: context.parts.accounts.reseal(session, actor=unix_actor())
    )
    context.answer(
        {"accounts": count},
        lambda _: click.echo(f"Encrypted the secrets of {count} accounts with the newest key."),
    )


def _set_disabled(context: Context, name: str, *, disabled: bool) -> None:
    changed = context.parts.database.write(
        lambda session: context.parts.accounts.set_disabled(
            session, name, disabled, actor=unix_actor()
        )
    )
    context.answer(account_json(changed), lambda _: show_fields(described(changed)))


def _refuse_foreign(account: Account, values: Values) -> None:
    """`rotate` takes every provider's options; this account has those of one."""
    own = [option.name for option in get_provider(account.provider).options]
    for name in values:
        if name not in own:
            has = ", ".join(f"--{option}" for option in own)
            raise InvalidInputError(name, f"{account.label} has no --{name}; it has {has}")


def _introduce(account: Account) -> None:
    title = get_provider(account.provider).title
    click.echo(f"Added the {title} account {plain(account.label)}.\n")
    if not account.hook_url:
        click.echo(f"{title} has no callbacks, so there is nothing to register there.")
        return
    click.echo(f"Register this URL at {title}; keep it secret, it lets callbacks in:\n")
    click.echo(f"    {account.hook_url}\n")
    click.echo(f"`faxhooks account connect {account.id}` does it, or says how.")
    click.echo("Then send a fax; `faxhooks doctor` says whether its first callback arrived.")


def _describe_rotated(account: Account, hook_token: bool) -> None:
    show_fields(described(account))
    if hook_token:
        title = get_provider(account.provider).title
        click.echo(
            f"\nRegister the new hook URL at {title}: `faxhooks account connect {account.id}` "
            "does it, or says how."
        )
    if _has_old(account.config) or len(account.hook_urls) > 1:
        click.echo(
            f"\nOld values stay good until `faxhooks account rotate {account.id} --drop-old`."
        )


def _has_old(config: Mapping[str, tuple[str, ...]]) -> bool:
    return any(len(values) > 1 for values in config.values())
