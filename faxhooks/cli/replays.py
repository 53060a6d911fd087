"""Callbacks read again from the command line: one, or all that nobody understood."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import click

from faxhooks.cli.context import Context, pass_context
from faxhooks.cli.showing import follow, plain, show_fields, word
from faxhooks.db.callbacklists import CallbackFilter, count_callbacks
from faxhooks.domain.fax import Verdict
from faxhooks.services.auditing import unix_actor
from faxhooks.services.exhibiting import FaxChangeSchema, replayed_json
from faxhooks.services.picturing import FaxChange
from faxhooks.services.replaying import Order
from faxhooks.services.rereading import Rereading
from faxhooks.services.settling import Replay, Replayed


@click.command()
@click.argument("callback_id", metavar="[ID]", required=False, type=click.UUID)
@click.option("--unrecognized", is_flag=True, help="All that nobody understood, oldest first.")
@click.option("--account", help="Of these only one account's, by label or id.")
@click.option("--reason", help="Of these only those of this reason; `*` at its end is a prefix.")
@click.option("--dry-run", is_flag=True, help="Show what it would do, and do nothing.")
@pass_context
def replay(
    context: Context, /, callback_id: UUID | None, unrecognized: bool, dry_run: bool, **of: str
) -> None:
    """Read callbacks again as this release reads them; repeating it changes nothing."""
    if unrecognized is (callback_id is not None):
        raise click.UsageError("name one callback, or say --unrecognized")
    narrower = {name: value for name, value in of.items() if value is not None}
    if callback_id is not None and narrower:
        raise click.UsageError("--account and --reason go with --unrecognized")
    order = Order(actor=unix_actor(), dry_run=dry_run)
    if callback_id is None:
        _replay_unread(context, order, narrower)
    else:
        _replay_one(context, order, callback_id)


def _replay_one(context: Context, order: Order, callback_id: UUID) -> None:
    done = context.parts.replayer.replay_one(callback_id, order)
    replayed = replayed_json(done.callbacks[0])
    shown = {**replayed, "dry_run": order.dry_run, "faxes": _changes_json(done.faxes)}

    def tell(_: Any) -> None:
        show_fields(replayed.items())
        _tell_changes(done.faxes, order)

    context.answer(shown, tell)


def _replay_unread(context: Context, order: Order, narrower: Mapping[str, str]) -> None:
    database, came_to = context.parts.database, Rereading()
    wanted = _filter(context, narrower)
    order = replace(order, wanted={"verdict": Verdict.UNRECOGNIZED.value, **narrower})
    total = database.read(lambda session: count_callbacks(session, wanted))
    changes: list[FaxChange] = []
    pages = context.parts.replayer.replay_all(wanted, order)
    for replayed in follow(_callbacks(pages, changes), total, "reading again"):
        came_to.add(replayed.reason)
    reasons = dict(came_to.reasons.most_common())
    shown: dict[str, Any] = {"read": came_to.read, "unread": came_to.unread, "reasons": reasons}
    if order.dry_run:
        shown |= {"dry_run": True, "faxes": _changes_json(changes)}

    def tell(_: Any) -> None:
        would = "would be " if order.dry_run else ""
        click.echo(f"{came_to.read} {would}read now, {came_to.unread} still not understood.")
        for reason, count in came_to.reasons.most_common():
            click.echo(f"{count:>7}  {plain(reason)}")
        if order.dry_run:
            _tell_changes(changes, order)

    context.answer(shown, tell)


def _filter(context: Context, narrower: Mapping[str, str]) -> CallbackFilter:
    """Raises NotFoundError for an account that is not there."""
    reasons = [narrower["reason"]] if "reason" in narrower else []
    wanted = CallbackFilter(verdicts=[Verdict.UNRECOGNIZED], reasons=reasons)
    if "account" not in narrower:
        return wanted
    name, accounts = narrower["account"], context.parts.accounts
    found = context.parts.database.read(lambda session: accounts.get(session, name))
    return replace(wanted, accounts=[str(found.id)])


def _callbacks(pages: Iterable[Replay], changes: list[FaxChange]) -> Iterator[Replayed]:
    """The callbacks of all pages; what they do to faxes is added to `changes`."""
    for page in pages:
        changes += page.faxes
        yield from page.callbacks


def _changes_json(changes: Sequence[FaxChange]) -> list[dict[str, Any]]:
    dumped: list[dict[str, Any]] = FaxChangeSchema(many=True).dump(changes)
    return dumped


def _tell_changes(changes: Sequence[FaxChange], order: Order) -> None:
    if not changes:
        click.echo("\nNo fax changes.")
        return
    click.echo("\nThese faxes would change:" if order.dry_run else "\nThese faxes changed:")
    for change in changes:
        click.echo(f"{change.fax_id}  {word(change.status_before)} -> {change.status_after}")
        for name, values in change.changes.items():
            before, after = word(values["before"]), word(values["after"])
            click.echo(f"    {name}: {before} -> {after}")
