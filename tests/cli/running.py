"""The command, run in this process as if it were one of its own."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from click.testing import CliRunner
from sqlalchemy.orm import Session

from faxhooks.cli.context import Context, Deployment
from faxhooks.cli.main import cli
from faxhooks.logs import configure
from faxhooks.services.parts import Parts, compose
from faxhooks.settings import Settings

T = TypeVar("T")

ENTER = (sys.executable, "-c", "from faxhooks.command import main; main()")
"""The command as a process of its own, wherever it is installed."""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str
    raw: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """The one JSON value on standard output; more than one is an error."""
        return json.loads(self.out)

    def well(self) -> "Said":
        """Itself, unless the command failed."""
        assert self.code == 0, (self.out, self.err)
        return self


@dataclass(frozen=True)
class Faxhooks:
    """The command with its settings; every call composes the service anew, as a process does."""

    settings: Settings
    release: str = "1.0.0"

    def __call__(
        self, *words: str, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Said:
        context = Context(lambda: self.settings, self._compose)
        try:
            result = CliRunner().invoke(
                cli, words, obj=context, input=stdin, env=env, catch_exceptions=False
            )
        finally:
            _close(context)
        return Said(result.exit_code, result.stdout, result.stderr, result.stdout_bytes)

    @contextmanager
    def parts(self) -> Iterator[Parts]:
        """The service that the commands work on."""
        composed = self._compose(self.settings)
        try:
            yield composed
        finally:
            composed.database.engine.dispose()

    def read(self, work: Callable[[Session], T]) -> T:
        """What the database says."""
        with self.parts() as parts:
            return parts.database.read(work)

    def write(self, work: Callable[[Session], T]) -> T:
        """Change the database behind the commands' backs."""
        with self.parts() as parts:
            return parts.database.write(work)

    def _compose(self, settings: Deployment) -> Parts:
        assert settings is self.settings
        configure(self.settings.log_level, sys.stderr)
        return compose(
            database_url=self.settings.database_url,
            public_url=self.settings.public_url,
            secret_keys=self.settings.secret_keys,
            release=self.release,
        )


def environment(**more: str) -> dict[str, str]:
    """A process's environment that says nothing of faxhooks but this."""
    ours = ("FAXHOOKS_", "DATABASE_URL", "PUBLIC_URL", "SECRET_KEYS", "PORT", "LOG_LEVEL")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**plain, **more}


def _close(context: Context) -> None:
    if "composed" in vars(context):
        context.composed.database.engine.dispose()
