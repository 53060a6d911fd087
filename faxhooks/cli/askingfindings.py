"""Whether the providers can be asked, and whether anybody does."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from faxhooks.cli.findings import Finding, Level
from faxhooks.cli.showing import word
from faxhooks.db.askings import list_askings
from faxhooks.db.pollmodels import AskingRow
from faxhooks.services.askingfigures import worker_json
from faxhooks.services.desks import Desks
from faxhooks.services.heeding import Desk
from faxhooks.services.parts import Parts


def check_asking(session: Session, parts: Parts) -> list[Finding]:
    """The worker, then each account that is turned on and of a provider that can be asked."""
    entered = [(desk, desk.entrance) for desk in Desks(parts).list_all()]
    desks = [d for d, e in entered if e.provider.client and not e.account.disabled_at]
    askings = list_askings(session)
    return [
        _worker(session),
        *(each for desk in desks for each in _account(desk, askings.get(desk.account_id))),
    ]


def _worker(session: Session) -> Finding:
    found = worker_json(session)
    if found["alive"]:
        return Finding("worker", Level.OK, f"{found['alive']} seen in the last minute")
    advice = "start one with `faxhooks worker`: without it no provider is asked"
    age = found["seen_seconds_ago"]
    said = "none has been seen yet" if age is None else f"the last was seen {age:.0f} s ago"
    return Finding("worker", Level.WARNING, said, advice)


def _account(desk: Desk, asking: AskingRow | None) -> Iterator[Finding]:
    label = desk.entrance.account.label
    if not desk.terms.askable:
        said = f"{label} has no credentials for the API, so a lost callback stays lost"
        advice = "`faxhooks account rotate --help` lists them"
        yield Finding("asking", Level.WARNING, said, advice)
    elif asking is not None and asking.refused_at is not None:
        said = f"{label}: {asking.error} (at {word(asking.refused_at)})"
        yield Finding("asking", Level.WARNING, said, "`faxhooks account rotate` takes new ones")
