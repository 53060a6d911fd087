"""Faxes: listed, shown, and how each got where it is; in JSON with the API's own shapes."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import click
from rich.console import Console
from sqlalchemy.orm import Session

from faxhooks.cli.context import Context, Group, pass_context
from faxhooks.cli.showing import show_fields, show_table
from faxhooks.cli.values import WordsCallback, one_of, split_words
from faxhooks.db.accounts import as_uuid
from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import Fax, FaxFilter, describe_fax, list_page
from faxhooks.db.history import list_entries
from faxhooks.domain.errors import InvalidInputError, NotFoundError
from faxhooks.domain.fax import FaxStatus
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.presenting import entry_json, fax_json

_LISTED = ("status", "reason", "direction", "from", "to", "provider", "provider_fax_id")
_MOMENTS = ("received_at", "occurred_at")
_TOLD = ("seq", *_MOMENTS, "provider_status", "status", "reason", "verdict", "status_after")
_MAX_LISTED = 10_000


Command = TypeVar("Command", bound=Callable[..., None])


@click.group(cls=Group)
def faxes() -> None:
    """What became of each fax."""


def _filter(
    name: str, field: str, text: str, callback: WordsCallback = split_words
) -> Callable[[Command], Command]:
    help_ = f"{text}; several times or with commas for any of them."
    return click.option(name, field, multiple=True, callback=callback, help=help_)


@faxes.command("list")
@_filter("--status", "statuses", "The status", one_of(FaxStatus))
@_filter("--provider", "providers", "The provider", one_of(PROVIDERS))
@_filter("--account", "accounts", "The account's label or id")
@_filter("--to", "recipients", "The recipient, a prefix where it ends in `*`")
@_filter("--from", "senders", "The sender, a prefix where it ends in `*`")
@_filter("--provider-fax-id", "provider_fax_ids", "One of the provider's ids for the fax")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, _MAX_LISTED))
@pass_context
def list_faxes(context: Context, /, limit: int, **filters: tuple[str, ...]) -> None:
    """Faxes, newest first."""
    wanted = FaxFilter(**filters)  # type: ignore[arg-type]  # (the options are its fields)
    page, more = context.parts.database.read(
        lambda session: list_page(session, wanted, limit=limit)
    )
    shown = [fax_json(fax) for fax in page]

    def tell(console: Console) -> None:
        rows = [
            [fax.row.created_at, *_cells(each, _LISTED)]
            for fax, each in zip(page, shown, strict=True)
        ]
        show_table(console, ("created_at", *_LISTED), rows, "There is no such fax.")
        if more:
            click.echo(f"There are more than these {limit}; --limit shows them.", err=True)

    context.answer({"data": shown, "more": more is not None}, tell)


@faxes.command()
@click.argument("fax_id", metavar="ID")
@pass_context
def show(context: Context, fax_id: str) -> None:
    """One fax, by its own id or by one of the provider's."""
    fax = context.parts.database.read(lambda session: find_fax(session, fax_id))
    shown = fax_json(fax)
    context.answer(shown, lambda _: show_fields(_flat(shown)))


@faxes.command()
@click.argument("fax_id", metavar="ID")
@pass_context
def history(context: Context, fax_id: str) -> None:
    """A fax's events in order of arrival, and where each left it."""

    def ask(session: Session) -> list[dict[str, Any]]:
        found = find_fax(session, fax_id).row.id
        return [entry_json(entry) for entry in list_entries(session, [found])[found]]

    shown = context.parts.database.read(ask)
    rows = [_cells(entry, _TOLD) for entry in shown]
    context.answer(
        {"data": shown},
        lambda console: show_table(console, _TOLD, rows, "Nothing is known of it."),
    )


def find_fax(session: Session, name: str) -> Fax:
    """The fax of this id, ours or the provider's.

    Raises NotFoundError, and InvalidInputError for an id that several faxes share.
    """
    own = as_uuid(name)
    if own is not None:
        with suppress(NotFoundError):  # Providers have UUIDs too; it may be one of theirs.
            return describe_fax(session, get_fax(session, own))
    found, more = list_page(session, FaxFilter(provider_fax_ids=[name]), limit=10)
    if not found:
        raise NotFoundError("there is no fax of this id; `faxhooks faxes list` shows what there is")
    if len(found) > 1:
        ids = ", ".join(str(fax.row.id) for fax in found)
        several = f"{ids} and more" if more else ids
        raise InvalidInputError("id", f"several faxes carry this id; name one of {several}")
    return found[0]


def _cells(shown: dict[str, Any], columns: Sequence[str]) -> list[Any]:
    """A row of a table; of a reason its code, without the advice."""
    values = [shown[column] for column in columns]
    return [value["code"] if isinstance(value, dict) else value for value in values]


def _flat(shown: dict[str, Any]) -> list[tuple[str, Any]]:
    """An object as lines; of an object inside only what it says."""
    lines = []
    for name, value in shown.items():
        if isinstance(value, dict):
            lines += [(f"{name}.{inner}", said) for inner, said in value.items()]
        else:
            lines.append((name, value))
    return lines
