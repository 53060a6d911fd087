"""The raw inbox: what providers sent, and what reading it again comes to."""

import sys
from uuid import UUID

import click
from sqlalchemy.orm import Session

from faxhooks.cli.context import Context, Group, pass_context
from faxhooks.cli.replays import replay
from faxhooks.cli.showing import plain, show_fields, show_table
from faxhooks.db import inbox
from faxhooks.db.callbacks import get_callback
from faxhooks.db.models import CallbackRow
from faxhooks.domain.fax import Verdict
from faxhooks.services.exhibiting import legible
from faxhooks.services.presenting import callback_json

_LISTED = ("received_at", "account", "verdict", "reason", "evidence", "seen", "id")
_VERDICTS = [verdict.value for verdict in Verdict]


@click.group(cls=Group)
def callbacks() -> None:
    """What providers sent, kept as it came."""


@callbacks.command("list")
@click.option("--verdict", type=click.Choice(_VERDICTS), help="What it did on arrival.")
@click.option("--account", help="The account's label or id.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@pass_context
def list_callbacks(context: Context, verdict: str | None, account: str | None, limit: int) -> None:
    """Callbacks, the newest first."""

    def ask(session: Session) -> list[tuple[CallbackRow, str]]:
        labels = {found.id: found.label for found in context.parts.accounts.list_all(session)}
        wanted = context.parts.accounts.get(session, account).id if account else None
        rows = inbox.list_newest(session, verdict=verdict, account_id=wanted, limit=limit)
        return [(row, labels[row.account_id]) for row in rows]

    found = context.parts.database.read(ask)
    lines = [
        (row.received_at, label, row.verdict, row.reason, row.evidence, row.seen, row.id)
        for row, label in found
    ]
    context.answer(
        {"data": [callback_json(row) for row, _ in found]},
        lambda console: show_table(console, _LISTED, lines, "There is no such callback."),
    )


@callbacks.command()
@click.argument("callback_id", metavar="ID", type=click.UUID)
@click.option("--raw", is_flag=True, help="Write the body's exact bytes and nothing else.")
@pass_context
def show(context: Context, callback_id: UUID, raw: bool) -> None:
    """One callback as it came, without what a terminal would obey."""
    row = context.parts.database.read(lambda session: get_callback(session, callback_id))
    if raw:
        sys.stdout.buffer.write(row.body)
    else:
        context.answer(callback_json(row), lambda _: _show(row))


callbacks.add_command(replay)


def _show(row: CallbackRow) -> None:
    pairs = [
        ("id", row.id),
        ("account", row.account_id),
        ("received", row.received_at),
        ("seen", row.seen),
        ("last seen", row.last_seen_at),
        ("verdict", row.verdict),
        ("reason", row.reason),
        ("evidence", row.evidence),
        ("read by", f"faxhooks {row.release}"),
    ]
    show_fields(pairs)
    target = f"{row.path}?{row.query}" if row.query else row.path
    click.echo(plain(f"\n{row.method} {target}", keep="\n"))
    for name, value in row.headers.items():
        click.echo(plain(f"{name}: {value}"))
    click.echo("\n" + legible(row.body))
