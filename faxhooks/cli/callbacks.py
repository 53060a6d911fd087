"""The raw inbox: what providers sent, and what reading it again comes to."""

import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from faxhooks.cli.context import Context, Group, pass_context
from faxhooks.cli.replays import replay
from faxhooks.cli.showing import plain, show_fields, show_table
from faxhooks.db.callbacklists import CallbackFilter, list_page
from faxhooks.domain.fax import Verdict
from faxhooks.services.auditing import unix_actor
from faxhooks.services.exhibiting import (
    callback_content,
    callback_summary,
    legible,
    read_content,
)

_COLUMNS = ("received_at", "account_label", "verdict", "reason", "evidence", "seen", "id")
_LISTED = [column.removesuffix("_label") for column in _COLUMNS]
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
    """Callbacks without their content, the newest first."""

    def ask(session: Session) -> Sequence[Any]:
        owner = context.parts.accounts.get(session, account) if account else None
        wanted = CallbackFilter(
            verdicts=[verdict] if verdict else [], accounts=[str(owner.id)] if owner else []
        )
        return list_page(session, wanted, limit=limit)[0]

    found = context.parts.database.read(ask)
    cells = [[getattr(row, column) for column in _COLUMNS] for row in found]
    context.answer(
        {"data": [callback_summary(row) for row in found]},
        lambda console: show_table(console, _LISTED, cells, "There is no such callback."),
    )


@callbacks.command()
@click.argument("callback_id", metavar="ID", type=click.UUID)
@click.option("--raw", is_flag=True, help="Write the body's exact bytes and nothing else.")
@pass_context
def show(context: Context, callback_id: UUID, raw: bool) -> None:
    """One callback as it came, without what a terminal would obey; the reading is audited."""
    row = context.parts.database.write(
        lambda session: read_content(session, callback_id, actor=unix_actor())
    )
    if raw:
        sys.stdout.buffer.write(row.body)
    else:
        context.answer(callback_content(row), lambda _: _show(row))


callbacks.add_command(replay)


def _show(row: Any) -> None:
    pairs = [
        ("id", row.id),
        ("account", row.account_label),
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
