"""What every command is given, and how it answers: for people, or as JSON."""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

import click
from rich.console import Console
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from faxhooks.cli.showing import make_console, plain
from faxhooks.db.checks import check_schema
from faxhooks.domain.errors import FaxhooksError, InvalidInputError
from faxhooks.scrubbing import scrub
from faxhooks.services.parts import Parts

log = logging.getLogger(__name__)


class Deployment(Protocol):
    """The settings that commands look at."""

    @property
    def env(self) -> str: ...

    @property
    def database_url(self) -> str: ...

    @property
    def public_url(self) -> str: ...

    @property
    def port(self) -> int: ...


@dataclass
class Context:
    """Made by the composition root; settings are read and parts composed when first asked for."""

    read_settings: Callable[[], Deployment]
    compose: Callable[[Deployment], Parts]
    as_json: bool = False

    @cached_property
    def settings(self) -> Deployment:
        """The environment's settings. Raises SettingsError."""
        return self.read_settings()

    @cached_property
    def composed(self) -> Parts:
        """The service, in whatever state its database may be."""
        return self.compose(self.settings)

    @cached_property
    def parts(self) -> Parts:
        """The service on a database of this release; else SettingsError or UnavailableError."""
        check_schema(self.composed.database)
        return self.composed

    def answer(self, value: Mapping[str, Any], show: Callable[[Console], None]) -> None:
        """Print the JSON value when --json was given, else let `show` print for people."""
        if self.as_json:
            click.echo(json.dumps(value, default=_json_text))
        else:
            show(make_console())


pass_context = click.make_pass_decorator(Context)


class Group(click.Group):
    """A group whose commands all take --json, and end with a sentence, not a traceback."""

    group_class = type

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, which gets the option that the top level has too."""
        cmd.params.append(_JSON)
        super().add_command(cmd, name)

    def invoke(self, ctx: click.Context) -> Any:
        """Say what went wrong and what to do, on standard error, with exit status 1."""
        try:
            return super().invoke(ctx)
        except (FaxhooksError, SQLAlchemyError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise  # Whoever read our output has seen enough; click ends quietly.
            log.debug("the command failed", exc_info=True)
            click.echo(f"faxhooks: {sentence(error)}", err=True)
            raise SystemExit(1) from None


def sentence(error: Exception) -> str:
    """What is wrong and what to do, without a statement's text, a secret or a traceback."""
    if not isinstance(error, FaxhooksError):
        return f"{_driver_says(error)}; LOG_LEVEL=debug shows where"
    said = plain(str(error), keep="\n")
    if isinstance(error.__cause__, DBAPIError):
        wrong, _, advice = said.partition("; ")
        return f"{wrong} ({_driver_says(error.__cause__)}); {advice}"
    return said


def _driver_says(error: BaseException) -> str:
    said = str(getattr(error, "orig", None) or error)
    return plain(scrub(said.partition("\n")[0]))


def _json_text(value: object) -> str:
    """How times and ids are written in JSON, as the API writes them."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _set_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    context = ctx.find_object(Context)
    if value and context is not None:
        context.as_json = True


_JSON = click.Option(
    ["--json"],
    is_flag=True,
    expose_value=False,
    callback=_set_json,
    help="Print JSON instead of text.",
)


def read_secret(value: str, name: str = "key") -> str:
    """The value of the option `name`; where it is `-` the next line of standard input, which
    a person at a terminal is asked for. Raises InvalidInputError when there is none.
    """
    if value != "-":
        return value
    if sys.stdin.isatty():
        asked: str = click.prompt(name, hide_input=True, err=True)
        return asked
    line = sys.stdin.buffer.readline().decode("utf-8", "replace").strip()
    if not line:
        raise InvalidInputError(
            name, f"--{name} found nothing on standard input; write the value there, as one line"
        )
    return line
