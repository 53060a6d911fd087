"""The background loop as a command."""

from collections.abc import Iterable, Mapping

import click

from faxhooks.cli.context import Context, pass_context
from faxhooks.db.checks import check_schema
from faxhooks.worker.loop import Loop
from faxhooks.worker.running import run
from faxhooks.worker.tasks import all_tasks


@click.command()
@click.option("--once", is_flag=True, help="Do everything once, then end.")
@pass_context
def worker(context: Context, once: bool) -> None:
    """Do what needs no request: read callbacks again that were not understood.

    Any number of workers may run. SIGTERM or SIGINT ends one within a second.
    """
    if once:
        came_to = Loop(all_tasks(context.parts)).run_once()
        context.answer(came_to, lambda _: _show(came_to.items()))
    else:
        parts = context.composed
        run(Loop(all_tasks(parts), ready=lambda: check_schema(parts.database)))


def _show(came_to: Iterable[tuple[str, Mapping[str, int]]]) -> None:
    for name, counts in came_to:
        said = ", ".join(f"{count} {what}" for what, count in counts.items())
        click.echo(f"{name}: {said}")
