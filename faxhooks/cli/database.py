"""The database's schema: brought up, checked, taken down."""

from collections.abc import Callable

import click
from alembic.util import CommandError

from faxhooks.cli.context import Context, Group, pass_context
from faxhooks.cli.findings import check_database, report, revision_of
from faxhooks.db import migrations
from faxhooks.db.revisions import current_revision
from faxhooks.domain.errors import InvalidInputError
from faxhooks.services.summing import Summing


@click.group(cls=Group)
def db() -> None:
    """The database's schema."""


@db.command()
@click.option("--revision", default="head", show_default=True, help="Where to stop.")
@pass_context
def upgrade(context: Context, revision: str) -> None:
    """Bring the schema up to this release; harmless when it is there already."""
    _move(context, lambda url: migrations.upgrade(url, revision))


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_context
def downgrade(context: Context, revision: str, yes: bool) -> None:
    """Take the schema down to REVISION, or to `base`; data without room there is lost."""
    if not yes:
        question = f"Take the schema down to {revision} and lose what has no room there?"
        click.confirm(question, abort=True, err=True)
    _move(context, lambda url: migrations.downgrade(url, revision))


@db.command()
@pass_context
def check(context: Context) -> None:
    """Whether the database answers, has this release's tables and keeps what it commits."""
    database = context.composed.database
    report(context, check_database(database), revision=revision_of(database))


@db.command()
@pass_context
def recount(context: Context) -> None:
    """Make the sums that statistics are read from anew, from the faxes themselves.

    They follow every change by themselves; this is for rows that were changed while the
    database's triggers were off. Everything goes on meanwhile.
    """
    noted = Summing(context.composed.database).start_over()
    context.answer(
        {"noted": noted}, lambda _: click.echo("All faxes were counted anew for the statistics.")
    )


def _move(context: Context, action: Callable[[str], None]) -> None:
    database = context.composed.database
    before = current_revision(database)
    try:
        action(context.settings.database_url)
    except CommandError as error:
        advice = "migrations/versions has the revisions there are"
        raise InvalidInputError("revision", f"{error}; {advice}") from None
    after = current_revision(database)
    said = "was there already" if after == before else f"was {before or 'empty'}"
    context.answer(
        {"revision": after, "before": before},
        lambda _: click.echo(f"The schema is at {after or 'base'}; it {said}."),
    )
