"""Users of the dashboard: added, listed, disabled, given a new password."""

from typing import Any

import click
from sqlalchemy.orm import Session

from faxhooks.cli.context import Context, Group, pass_context, read_secret
from faxhooks.cli.showing import show_fields, show_table
from faxhooks.db.models_people import UserRow
from faxhooks.db.people import list_users as list_rows
from faxhooks.services.auditing import unix_actor
from faxhooks.services.users import ROLES, add_user, disable_user, enable_user, set_password

_LISTED = ("name", "id", "role", "created_at", "disabled_at")

_password = click.option(
    "--password",
    default="-",
    envvar="FAXHOOKS_PASSWORD",
    show_envvar=True,
    metavar="VALUE|-",
    help="12 characters or more; it is asked for if left out.",
)


@click.group(cls=Group)
def user() -> None:
    """People who sign in to the dashboard."""


@user.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    default="viewer",
    show_default=True,
    help="A viewer looks; an admin also changes.",
)
@_password
@pass_context
def add(context: Context, name: str, role: str, password: str) -> None:
    """Let a person sign in, by a name and a password."""
    secret = read_secret(password, "password")

    def work(session: Session) -> UserRow:
        return add_user(session, name, role=role, password=secret, actor=unix_actor())

    _show(context, context.parts.database.write(work))


@user.command("list")
@pass_context
def list_users(context: Context) -> None:
    """Every user, disabled ones too, by name."""
    shown = [_user_json(row) for row in context.parts.database.read(list_rows)]
    empty = "There is no user yet; make one with `faxhooks user add NAME`."
    context.answer(
        {"data": shown},
        lambda console: show_table(
            console, _LISTED, [[each[column] for column in _LISTED] for each in shown], empty
        ),
    )


@user.command()
@click.argument("name")
@pass_context
def disable(context: Context, name: str) -> None:
    """Let a user in no longer; whatever they have open ends with the next request."""
    _show(
        context,
        context.parts.database.write(lambda s: disable_user(s, name, actor=unix_actor())),
    )


@user.command()
@click.argument("name")
@pass_context
def enable(context: Context, name: str) -> None:
    """Let a disabled user sign in again."""
    _show(
        context,
        context.parts.database.write(lambda s: enable_user(s, name, actor=unix_actor())),
    )


@user.command()
@click.argument("name")
@_password
@pass_context
def password(context: Context, name: str, password: str) -> None:
    """Give a user a new password; what was signed in with the old one ends."""
    secret = read_secret(password, "password")

    def work(session: Session) -> UserRow:
        return set_password(session, name, secret, actor=unix_actor())

    _show(context, context.parts.database.write(work))


def _show(context: Context, row: UserRow) -> None:
    shown = _user_json(row)
    context.answer(shown, lambda _: show_fields(shown.items()))


def _user_json(row: UserRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _LISTED}
