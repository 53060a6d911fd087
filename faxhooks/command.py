"""The command line's composition root."""

import sys

from faxhooks.app import compose_parts
from faxhooks.cli.context import Context, Deployment
from faxhooks.cli.main import cli
from faxhooks.logs import configure
from faxhooks.services.parts import Parts
from faxhooks.settings import Settings


def main() -> None:
    """The command `faxhooks`."""
    cli(obj=Context(read_settings=Settings.from_env, compose=_compose))


def _compose(settings: Deployment) -> Parts:
    if not isinstance(settings, Settings):
        raise TypeError("commands are given the settings that read_settings returned")
    configure(settings.log_level, sys.stderr)  # Standard output is the answer's alone.
    return compose_parts(settings)
