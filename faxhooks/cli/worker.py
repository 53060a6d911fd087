"""The background loop as a command."""

from collections.abc import Iterable, Mapping

import click

from faxhooks.cli.context import Context, pass_context
from faxhooks.worker.loop import Loop
from faxhooks.worker.running import run
from faxhooks.worker.tasks import all_loops, all_tasks


@click.command()
@click.option("--once", is_flag=True, help="Do everything once, then end.")
@pass_context
def worker(context: Context, once: bool) -> None:
    """Do what needs no request: ask the providers about faxes whose end no callback told, and
    read callbacks again that were not understood.

    Any number of workers may run on one PostgreSQL. SIGTERM or SIGINT ends one within a second.
    """
    if once:
        came_to = Loop(all_tasks(context.parts)).run_once()
        context.answer(came_to, lambda _: _show(came_to.items()))
    else:
        run(*all_loops(context.composed))


def _show(came_to: Iterable[tuple[str, Mapping[str, int]]]) -> None:
    for name, counts in came_to:
        said = ", ".join(f"{count} {what}" for what, count in counts.items())
        click.echo(f"{name}: {said}")
