"""Authentic callbacks are written down, with all that they do to their faxes, in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import callbacks, intake
from faxhooks.db.faxes import Home
from faxhooks.db.steps import Steps
from faxhooks.domain.callback import Callback
from faxhooks.domain.fax import Evidence, FaxEvent, Verdict
from faxhooks.services.claiming import Fact, place, shared_ids
from faxhooks.services.directory import Entrance
from faxhooks.services.recording import Recorded, enter, record

_NEWS: Final = (Verdict.CONFLICT, Verdict.APPLIED, Verdict.STALE, Verdict.REPEATED)


class NeedsLocksError(Exception):
    """Raised for what only `keep` can do: several faxes at once change places."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An authentic callback and what it states; no events and a reason where none was read."""

    id: UUID
    entrance: Entrance
    path: str
    callback: Callback
    evidence: Evidence
    digest: bytes
    events: tuple[FaxEvent, ...] = ()
    reason: str | None = None


def keep_at_once(deliveries: Sequence[Delivery], release: str) -> Steps[list[Verdict]]:
    """The same as `keep` in two statements, of which the last commits, for all but what is rare:
    faxes that turn out to be one, or to be older, for which it raises NeedsLocksError.
    """
    facts = [fact for delivery in deliveries for fact in facts_of(delivery)]
    known = yield from intake.look({key for fact in facts for key in fact.keys})
    fax_ids = place(facts, known.faxes)
    if fax_ids is None:
        raise NeedsLocksError
    entered = enter(facts, fax_ids, known.histories)
    if entered.earlier:
        raise NeedsLocksError
    homes = {f: fact.home for fact, f in zip(facts, fax_ids, strict=True)}
    ids = {key: f for fact, f in zip(facts, fax_ids, strict=True) for key in fact.keys}
    verdicts = _verdicts(deliveries, entered.recorded)
    news = intake.News(
        callbacks=_rows(deliveries, verdicts, release),
        references={key: fax_id for key, fax_id in ids.items() if key not in known.faxes},
        shared=shared_ids(facts, fax_ids),
        faxes={f: (homes[f], entered.states[f]) for f in sorted(entered.changed)},
        entries=entered.added,
    )
    yield from intake.write(news)
    return verdicts


def keep(session: Session, deliveries: Sequence[Delivery], release: str) -> list[Verdict]:
    """Write callbacks, events and faxes; the caller's commit makes them ours."""
    recorded = record(session, [fact for delivery in deliveries for fact in facts_of(delivery)])
    verdicts = _verdicts(deliveries, recorded)
    callbacks.add_callbacks(session, _rows(deliveries, verdicts, release))
    return verdicts


def facts_of(delivery: Delivery) -> list[Fact]:
    """The events of a callback as facts about its account's faxes."""
    account = delivery.entrance.account
    home = Home(account.id, account.provider)
    return [Fact(home, event, delivery.id) for event in delivery.events]


def verdict_of(recorded: Sequence[Recorded]) -> Verdict:
    """What a callback did: the greatest news among its events."""
    verdicts = {outcome.verdict for outcome in recorded}
    return next((verdict for verdict in _NEWS if verdict in verdicts), Verdict.UNRECOGNIZED)


def _verdicts(deliveries: Sequence[Delivery], recorded: Sequence[Recorded]) -> list[Verdict]:
    """Of each callback; what was recorded is in the order of their events."""
    outcomes = iter(recorded)
    return [verdict_of([next(outcomes) for _ in delivery.events]) for delivery in deliveries]


def _rows(
    deliveries: Sequence[Delivery], verdicts: Sequence[Verdict], release: str
) -> list[dict[str, Any]]:
    """One for each digest, of which those that came again in the group are counted."""
    rows: dict[tuple[UUID, bytes], dict[str, Any]] = {}
    for delivery, verdict in zip(deliveries, verdicts, strict=True):
        key = (delivery.entrance.account.id, delivery.digest)
        if key in rows:
            rows[key]["seen"] += 1
        else:
            rows[key] = _row(delivery, verdict, release)
    return list(rows.values())


def _row(delivery: Delivery, verdict: Verdict, release: str) -> dict[str, Any]:
    callback = delivery.callback
    kept = delivery.entrance.provider.headers
    return {
        "id": delivery.id,
        "account_id": delivery.entrance.account.id,
        "digest": delivery.digest,
        "method": callback.method,
        "path": delivery.path,
        "query": callback.query,
        "headers": {name: value for name, value in callback.headers.items() if name in kept},
        "body": callback.body,
        "received_at": callback.received_at,
        "last_seen_at": callback.received_at,
        "seen": 1,
        "evidence": delivery.evidence,
        "verdict": verdict,
        "reason": delivery.reason,
        "release": release,
    }
