"""What is right or wrong with this service, and what to do about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

import click
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from faxhooks.cli.context import Context, sentence
from faxhooks.cli.showing import plain
from faxhooks.db.checks import check_durability, check_schema
from faxhooks.db.engine import Database
from faxhooks.db.revisions import current_revision
from faxhooks.domain.errors import FaxhooksError

_INDENT: Final = " " * 21


class Level(StrEnum):
    """Whether anything is to be done: nothing, perhaps, or certainly."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report; `advice` says what to do where anything is."""

    check: str
    level: Level
    text: str
    advice: str | None = None


def check_database(database: Database) -> Iterator[Finding]:
    """Whether it answers, has this release's tables and keeps what it commits.

    Where it does not answer nothing else is asked of it.
    """
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    answers = _tried("database", f"{kind} answers", lambda: _ask(database))
    yield answers
    if answers.level is Level.OK:
        yield _tried("schema", "the tables are those of this release", _on(check_schema, database))
        kept = "a commit survives a power failure"
        yield _tried("durability", kept, _on(check_durability, database))


def report(context: Context, findings: Iterable[Finding], **more: Any) -> None:
    """Print what was found; exit with status 1 when any of it is a fault."""
    kept = list(findings)
    well = all(finding.level is not Level.FAULT for finding in kept)
    answer = {"ok": well, **more, "findings": [asdict(finding) for finding in kept]}
    context.answer(answer, lambda _: _show(kept))
    if not well:
        raise SystemExit(1)


def revision_of(database: Database) -> str | None:
    """The schema's revision; None where there is none or nobody can tell."""
    try:
        return current_revision(database)
    except (FaxhooksError, SQLAlchemyError):
        return None


def _show(findings: Iterable[Finding]) -> None:
    for finding in findings:
        color = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "red"}[finding.level]
        level = click.style(f"{finding.level:<7}", fg=color)
        click.echo(f"{level}  {finding.check:<10}  {_indented(finding.text)}")
        if finding.advice:
            click.echo(f"{_INDENT}{_indented(finding.advice)}")


def _indented(said: str) -> str:
    return plain(said, keep="\n").replace("\n", f"\n{_INDENT}")


def _tried(check: str, well: str, work: Callable[[], object]) -> Finding:
    try:
        work()
    except (FaxhooksError, SQLAlchemyError) as error:
        return Finding(check, Level.FAULT, *said_and_advised(sentence(error)))
    return Finding(check, Level.OK, well)


def said_and_advised(text: str) -> tuple[str, str | None]:
    """Our own errors say what is wrong, then after a semicolon what to do."""
    said, _, advice = text.partition("; ")
    return said, advice or None


def _on(check: Callable[[Database], None], database: Database) -> Callable[[], None]:
    return lambda: check(database)


def _ask(database: Database) -> None:
    database.read(lambda session: session.execute(sql("SELECT 1")), seconds=3)
