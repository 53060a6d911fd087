"""Faxes sent from the command line: one file to some numbers, or a table of many."""

import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click
from sqlalchemy.orm import Session

from faxhooks.cli.context import Context, pass_context
from faxhooks.cli.showing import follow, show_table
from faxhooks.cli.values import read_age
from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import describe_fax
from faxhooks.domain.errors import FaxhooksError, InvalidInputError
from faxhooks.domain.fax import Outcome
from faxhooks.providers.persisting import MOST_TIMES, check_delays
from faxhooks.providers.sending import Order
from faxhooks.services.auditing import unix_actor
from faxhooks.services.ordering import Request, as_number
from faxhooks.services.parts import Parts
from faxhooks.services.redialing import is_over
from faxhooks.services.repeating import Key
from faxhooks.services.shapes import fax_json
from faxhooks.services.submitting import Submissions
from faxhooks.services.uploading import uploaded

_LOOK_SECONDS: Final = 0.5
_COLUMNS: Final = ("to", "status", "reason", "id")
_PATH: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A fax that is wanted: to whom, from whom, what, and what it is to be called."""

    to: str
    sender: str | None
    files: tuple[Path, ...]
    tags: Mapping[str, str]
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What goes for all of them: the account, what its provider may choose from, and what follows
    one that did not get through.
    """

    account: str | None
    choices: Mapping[str, Any]
    persistence: Mapping[str, Any]


def _read_delays(_: click.Context, __: click.Parameter, value: str | None) -> Any:
    if value is None:
        return None
    try:
        return tuple(map(int, check_delays(value).split(",")))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=_PATH)
@click.option("--to", "recipients", multiple=True, metavar="NUMBER", help="To whom; repeatable.")
@click.option("--from", "sender", metavar="NUMBER", help="The number that it comes from.")
@click.option("--account", metavar="NAME", help="Label or id; needed where several can send.")
@click.option(
    "--csv",
    "table",
    type=_PATH,
    help="Send to each row's `to`; `from` and `file` may be columns too, any other is a tag. "
    "Repeated within a day, the same file sends nothing twice.",
)
@click.option("--quality", help="As the provider calls it.")
@click.option("--ttl", type=int, metavar="MINUTES", help="For how long the provider tries it.")
@click.option("--retries", type=int, default=0, help="How often the provider tries again.")
@click.option(
    "--redials",
    "times",
    type=click.IntRange(0, MOST_TIMES),
    help="How often it is sent again from here, where that may help; else as the account says.",
)
@click.option(
    "--redial-delays",
    "delays",
    metavar="MINUTES",
    callback=_read_delays,
    help="Minutes before each redial, with commas; the last goes for all that follow.",
)
@click.option(
    "--fail-over",
    metavar="NAME",
    help="Label or id of the account that is tried when this one fails.",
)
@click.option(
    "--wait",
    "patience",
    metavar="AGE",
    default="2h",
    show_default=True,
    callback=read_age,
    help="How long to wait for the end of all of them.",
)
@click.option("--no-wait", is_flag=True, help="Enter them into the outbox, and end.")
@pass_context
def send(  # noqa: PLR0913 (the options are its arguments)
    context: Context,
    /,
    *,
    files: tuple[Path, ...],
    recipients: tuple[str, ...],
    sender: str | None,
    account: str | None,
    table: Path | None,
    patience: timedelta,
    no_wait: bool,
    times: int | None,
    delays: tuple[int, ...] | None,
    fail_over: str | None,
    **choices: Any,
) -> None:
    """Send a fax, and say what became of it. A worker (`faxhooks worker`) has to run.

    The exit status is 0 when every fax was delivered, or with --no-wait is queued.
    """
    wishes = [_Wish(to, sender, files, {}) for to in recipients]
    if table is not None:
        wishes += _rows(table, sender, files)
    if not wishes:
        raise InvalidInputError("to", "say to whom: --to NUMBER, or --csv FILE")
    wanted = _Wanted(account, choices, {"times": times, "delays": delays, "fail_over": fail_over})
    fax_ids, refused = _enter(context.parts, wishes, wanted)
    if not no_wait and fax_ids:
        for _ in follow(_until_ended(context.parts, fax_ids, patience), None, "sending"):
            pass
    shown = context.parts.database.read(lambda session: _shown(session, fax_ids))
    rows = [[fax["to"], fax["status"], _reason(fax), fax["id"]] for fax in shown]
    context.answer(
        {"data": shown, "refused": refused},
        lambda console: show_table(console, _COLUMNS, rows, "Nothing was sent."),
    )
    for fault in refused:
        click.echo(f"faxhooks: {fault['to']}: {fault['detail']}", err=True)
    good = {Outcome.SUCCESS, Outcome.PENDING} if no_wait else {Outcome.SUCCESS}
    if refused or any(fax["outcome"] not in good for fax in shown):
        raise SystemExit(1)


def _enter(
    parts: Parts, wishes: Sequence[_Wish], wanted: _Wanted
) -> tuple[list[UUID], list[dict[str, str]]]:
    """The faxes, and what was refused of many; a single one that is refused is the end."""
    submissions, fax_ids, refused = Submissions(parts), [], []
    for wish in follow(wishes, len(wishes), "entering") if len(wishes) > 1 else wishes:
        try:
            documents = tuple(uploaded(file.name, file.read_bytes()) for file in wish.files)
            sender = wish.sender and as_number(wish.sender)
            order = Order(to="", documents=documents, sender=sender, **wanted.choices)
            request = Request(
                recipients=(as_number(wish.to),), order=order, tags=wish.tags, **wanted.persistence
            )
            answer = submissions.submit(
                request, wanted.account, actor=unix_actor(), visible=None, key=wish.key
            )
        except (FaxhooksError, OSError) as error:
            if len(wishes) == 1:
                raise
            refused.append({"to": wish.to, "detail": str(error)})
        else:
            fax_ids.append(UUID(answer["id"]))
    return fax_ids, refused


def _rows(table: Path, sender: str | None, files: tuple[Path, ...]) -> Iterator[_Wish]:
    """Each row under a key of its own, so that a run that was broken off can be repeated."""
    content = table.read_bytes()
    digest = sha256(content).digest()
    for number, row in enumerate(_read(content)):
        said = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        file = said.pop("file", "")
        mine = (*files, *((table.parent / file,) if file else ()))
        to, own = said.pop("to"), said.pop("from", "")
        tags = {name: value for name, value in said.items() if value}
        key = Key(unix_actor(), f"csv:{digest.hex()}:{number}", digest)
        yield _Wish(to, own or sender, mine, tags, key)


def _read(content: bytes) -> list[dict[str | Any, str | Any]]:
    """The whole table, so that nothing is sent of one that breaks off in the middle."""
    try:
        lines = csv.DictReader(content.decode("utf-8-sig").splitlines())
        columns, rows = lines.fieldnames or (), list(lines)
    except UnicodeDecodeError:
        raise InvalidInputError("csv", "the table is not UTF-8; save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise InvalidInputError("csv", f"the table cannot be read ({error})") from None
    if "to" not in columns:
        said = "the first line names the columns, with commas between them; one of them is `to`"
        raise InvalidInputError("csv", said)
    return rows


def _until_ended(parts: Parts, fax_ids: Sequence[UUID], patience: timedelta) -> Iterator[None]:
    """Now and then, until all have ended or the time is over."""
    until = time.monotonic() + patience.total_seconds()
    while time.monotonic() < until:
        yield
        if parts.database.read(lambda session: _are_over(session, fax_ids)):
            return
        time.sleep(_LOOK_SECONDS)


def _are_over(session: Session, fax_ids: Sequence[UUID]) -> bool:
    return all(is_over(session, get_fax(session, each)) for each in fax_ids)


def _shown(session: Session, fax_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    return [fax_json(describe_fax(session, get_fax(session, each))) for each in fax_ids]


def _reason(fax: Mapping[str, Any]) -> str | None:
    return fax["reason"]["code"] if fax["reason"] else None
