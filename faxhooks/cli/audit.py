"""The audit on the command line: who did or saw what."""

from datetime import datetime

import click
from rich.console import Console

from faxhooks.cli.context import Context, Group, pass_context
from faxhooks.cli.showing import show_table
from faxhooks.cli.values import one_of, read_moment, split_words
from faxhooks.db.audit import AuditFilter, list_page
from faxhooks.services.auditing import Action, audit_json

_LISTED = ("at", "actor", "action", "subject", "detail")


@click.group(cls=Group)
def audit() -> None:
    """Who did or saw what; nobody can change it."""


@audit.command("list")
@click.option(
    "--action",
    "actions",
    multiple=True,
    callback=one_of(Action),
    help="What was done, as callback.read; several times or with commas for any of them.",
)
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    callback=split_words,
    help="To what, as callback:ID; a prefix where it ends in `*`.",
)
@click.option(
    "--actor",
    "actors",
    multiple=True,
    callback=split_words,
    help="By whom, as cli:ann or key:ID*; a prefix where it ends in `*`.",
)
@click.option("--from", "start", callback=read_moment, metavar="TIME", help="At or after it.")
@click.option("--to", "end", callback=read_moment, metavar="TIME", help="Before it.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@pass_context
def list_audit(
    context: Context,
    /,
    limit: int,
    start: datetime | None,
    end: datetime | None,
    **filters: tuple[str, ...],
) -> None:
    """Who did what and when, newest first. A TIME is as 2026-01-13T21:54:46Z."""
    wanted = AuditFilter(start=start, end=end, **filters)
    rows, more = context.parts.database.read(
        lambda session: list_page(session, wanted, limit=limit)
    )
    cells = [(row.at, row.actor, row.action, row.subject, _told(row.detail)) for row in rows]

    def tell(console: Console) -> None:
        show_table(console, _LISTED, cells, "Nothing of the kind was done.")
        if more:
            click.echo(f"There is more than these {limit}; --limit shows it.", err=True)

    context.answer({"data": [audit_json(row) for row in rows], "more": more is not None}, tell)


def _told(detail: dict[str, object]) -> list[str]:
    """What explains a row, in words."""
    return [f"{name}={value}" for name, value in detail.items() if value not in (None, "", [])]
