"""What the providers know is taken in, also of faxes of which no callback ever came."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from faxhooks.cli.context import Context, pass_context
from faxhooks.cli.showing import follow, show_table
from faxhooks.cli.values import read_since
from faxhooks.services.auditing import unix_actor
from faxhooks.services.backfilling import Backfill
from faxhooks.services.desks import Desks
from faxhooks.services.parts import Parts
from faxhooks.services.sweeping import Swept


@click.command()
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="NAME",
    help="Label or id; may be given several times. All that can be asked, if left out.",
)
@click.option(
    "--since",
    required=True,
    metavar="TIME|AGE",
    callback=read_since,
    help="Faxes made since then: 2026-01-13T00:00:00Z, or an age as in 30d.",
)
@pass_context
def reconcile(context: Context, accounts: Sequence[str], since: datetime) -> None:
    """Ask the providers for all faxes since a time, and take in what is not known yet.

    Repeating it changes nothing, so it may be broken off. It keeps to each account's budget of
    requests, which the workers share.
    """
    parts = context.parts
    labels = list(accounts) or _askable(parts)
    found = {label: sum(_pages(parts, label, since), Swept()) for label in labels}
    rows: list[dict[str, Any]] = [
        {
            "account": label,
            "listed": swept.listed,
            "new": swept.new,
            "changed": swept.changed,
            "unread": swept.unread,
        }
        for label, swept in found.items()
    ]
    columns = ("account", "listed", "new", "changed", "unread")
    context.answer(
        {"since": since.astimezone(UTC), "accounts": rows},
        lambda console: show_table(
            console,
            columns,
            [[row[name] for name in columns] for row in rows],
            "No account can be asked; `faxhooks doctor` says why.",
        ),
    )


def _pages(parts: Parts, label: str, since: datetime) -> Iterator[Swept]:
    pages = Backfill(parts).run(label, since, actor=unix_actor())
    yield from follow(pages, None, f"asking for {label}")


def _askable(parts: Parts) -> list[str]:
    return [each.entrance.account.label for each in Desks(parts).list_all() if each.terms.askable]
