"""A provider's account options as options of a command: made from the registry's table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from faxhooks.cli.context import read_secret
from faxhooks.providers.base import Option, Provider
from faxhooks.services.accounts import Values


def account_options(options: Iterable[Option]) -> list[click.Option]:
    """What `account add` takes for one provider; a secret may come by the environment."""
    return [
        click.Option(
            [f"--{option.name}"],
            help=_help(option),
            required=option.required,
            multiple=option.rotates,
            envvar=variable(option.name) if option.secret else None,
            show_envvar=True,
            metavar="VALUE|-" if option.secret else None,
            callback=_read_secrets if option.secret else None,
        )
        for option in options
    ]


def rotation_options(providers: Iterable[Provider]) -> list[click.Option]:
    """What `account rotate` takes: every provider's options, each once.

    None of them is read from the environment, where the old value may still stand.
    """
    merged: dict[str, Option] = {}
    for option in (option for provider in providers for option in provider.options):
        merged.setdefault(option.name, option)
    return [
        click.Option(
            [f"--{option.name}"],
            help=option.help,
            multiple=True,
            metavar="VALUE|-" if option.secret else None,
            callback=_read_secrets if option.secret else None,
        )
        for option in merged.values()
    ]


def given_values(options: Sequence[Option], given: Mapping[str, Any]) -> Values:
    """What a command was given, by the names of the options and newest first."""
    values = {}
    for option in options:
        value = given[option.name.replace("-", "_")]
        if value:
            values[option.name] = tuple(value) if option.rotates else (value,)
    return values


def variable(name: str) -> str:
    """The environment variable that may hold this secret."""
    return f"FAXHOOKS_{name.upper().replace('-', '_')}"


def _help(option: Option) -> str:
    repeated = "; may be given several times, newest first" if option.rotates else ""
    default = f" [default: {option.default}]" if option.default else ""
    return f"{option.help}{repeated}{default}"


def _read_secrets(_: click.Context, param: click.Parameter, value: Any) -> Any:
    name = (param.name or "").replace("_", "-")
    if isinstance(value, tuple):
        return tuple(read_secret(each, name) for each in value)
    return None if value is None else read_secret(value, name)
