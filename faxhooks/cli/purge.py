"""Old callbacks are deleted; faxes and their histories stay."""

from datetime import UTC, datetime, timedelta
from math import ceil

import click

from faxhooks.cli.context import Context, pass_context
from faxhooks.cli.showing import follow
from faxhooks.cli.values import read_age
from faxhooks.services import retention
from faxhooks.services.auditing import unix_actor


@click.command()
@click.option(
    "--older-than",
    required=True,
    metavar="AGE",
    callback=read_age,
    help="Arrived longer ago than this, as in 400d.",
)
@click.option("--unrecognized", is_flag=True, help="Also those nobody has understood yet.")
@click.option("--dry-run", is_flag=True, help="Only say how many it would be.")
@pass_context
def purge(context: Context, older_than: timedelta, unrecognized: bool, dry_run: bool) -> None:
    """Delete old callbacks for good; faxes and their histories stay.

    Those that were never understood stay too, since nothing else tells what they say.
    """
    before = datetime.now(UTC) - older_than
    database = context.parts.database
    count = retention.count_old(database, before, unread=unrecognized)
    if not dry_run:
        batches = retention.purge(database, before, actor=unix_actor(), unread=unrecognized)
        count = sum(follow(batches, ceil(count / retention.BATCH), "deleting"))
    answer = {"deleted": 0 if dry_run else count, "matching": count, "before": before}
    verb = "would be deleted" if dry_run else "deleted"
    context.answer(answer, lambda _: click.echo(f"{count} callbacks {verb}."))
