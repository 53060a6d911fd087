"""API keys: made and shown once, listed, revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from sqlalchemy.orm import Session

from faxhooks.cli.context import Context, Group, pass_context
from faxhooks.cli.showing import show_fields, show_table
from faxhooks.cli.values import one_of, read_age
from faxhooks.db import keys
from faxhooks.db.models import KeyRow
from faxhooks.services.auditing import unix_actor
from faxhooks.services.keys import SCOPES, create_key, revoke_key

_TIMES = ("created_at", "expires_at", "last_used_at", "revoked_at")
_LISTED = ("label", "id", "scopes", "account_id", *_TIMES)


@click.group(cls=Group)
def key() -> None:
    """Keys for the API."""


@key.command()
@click.option("--label", required=True, help="Whose key it is, or what for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("read",),
    show_default=True,
    metavar="|".join(SCOPES),
    callback=one_of(SCOPES),
    help="What it allows; several times or with commas.",
)
@click.option("--account", help="Limit it to one account, by label or id.")
@click.option(
    "--expires-in", metavar="AGE", callback=read_age, help="How long it is good, as in 30d or 12h."
)
@pass_context
def create(
    context: Context,
    label: str,
    scopes: tuple[str, ...],
    account: str | None,
    expires_in: timedelta | None,
) -> None:
    """Make a key and print it; it is not stored and cannot be shown again."""
    expires_at = None if expires_in is None else datetime.now(UTC) + expires_in

    def work(session: Session) -> tuple[KeyRow, str]:
        limit = context.parts.accounts.get(session, account).id if account else None
        return create_key(
            session, label, scopes, account_id=limit, expires_at=expires_at, actor=unix_actor()
        )

    row, text = context.parts.database.write(work)
    granted = [scope for scope in SCOPES if scope in row.scopes]

    def tell(_: Console) -> None:
        click.echo(text)
        click.echo("Keep it now: only its digest is stored, so it is not shown again.", err=True)

    context.answer({"id": row.id, "key": text, "scopes": granted}, tell)


@key.command("list")
@pass_context
def list_keys(context: Context) -> None:
    """Every key, revoked ones too, oldest first."""
    rows = context.parts.database.read(keys.list_keys)
    shown = [_key_json(row) for row in rows]
    empty = "There is no API key yet; make one with `faxhooks key create --label NAME`."
    context.answer(
        {"data": shown},
        lambda console: show_table(
            console, _LISTED, [[each[column] for column in _LISTED] for each in shown], empty
        ),
    )


@key.command()
@click.argument("key_id", metavar="ID", type=click.UUID)
@pass_context
def revoke(context: Context, key_id: UUID) -> None:
    """End a key: the next request with it is refused."""
    row = context.parts.database.write(
        lambda session: revoke_key(session, key_id, actor=unix_actor())
    )
    shown = _key_json(row)
    context.answer(shown, lambda _: show_fields(shown.items()))


def _key_json(row: KeyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "scopes": [scope for scope in SCOPES if scope in row.scopes],
        "account_id": row.account_id,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "last_used_at": row.last_used_at,
        "revoked_at": row.revoked_at,
    }
