"""Callbacks that were read again become history, and say how they read now."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import callbacks
from faxhooks.db.callbackwalks import Position
from faxhooks.db.references import find_faxes
from faxhooks.domain.fax import Verdict
from faxhooks.services.keeping import Delivery, facts_of, verdict_of
from faxhooks.services.picturing import FaxChange, compare, take_pictures
from faxhooks.services.recording import Recorded, record


@dataclass(frozen=True, slots=True)
class Replayed:
    """What reading a callback again came to; `fax_ids` are the faxes it speaks of."""

    callback_id: UUID
    before: Verdict
    verdict: Verdict
    reason: str | None
    fax_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """What reading some callbacks again came to, and what it changed. `position` is where to
    go on, None when there are no more.
    """

    callbacks: tuple[Replayed, ...] = ()
    faxes: tuple[FaxChange, ...] = ()
    position: Position | None = None


def settle(session: Session, deliveries: Sequence[Delivery], release: str) -> Replay:
    """Record what kept callbacks state by the reading of this release, and note it on them.

    The faxes are pictured before and after, in the same transaction.
    """
    facts = [fact for delivery in deliveries for fact in facts_of(delivery)]
    known = set(find_faxes(session, {key for fact in facts for key in fact.keys}).values())
    before = take_pictures(session, known)
    recorded = iter(record(session, facts))
    outcomes = [(each, [next(recorded) for _ in each.events]) for each in deliveries]
    replayed = _note_on_callbacks(session, outcomes, release)
    after = take_pictures(session, known.union(*(each.fax_ids for each in replayed)))
    return Replay(tuple(replayed), tuple(compare(before, after)))


def _note_on_callbacks(
    session: Session, outcomes: Sequence[tuple[Delivery, Sequence[Recorded]]], release: str
) -> list[Replayed]:
    """What became of each; one purged in the meantime is left out.

    A verdict tells what a callback did when it arrived, so only one that was not understood
    gets another. It takes the digest of its event as well, unless it came again since.
    """
    kept = callbacks.lock_callbacks(session, [delivery.id for delivery, _ in outcomes])
    taken = callbacks.find_digests(session, {_key(delivery) for delivery, _ in outcomes})
    replayed, readings = [], []
    for delivery, recorded in outcomes:
        if delivery.id not in kept:
            continue
        before, digest = kept[delivery.id]
        verdict = verdict_of(recorded) if recorded else before
        fax_ids = tuple(dict.fromkeys(each.fax_id for each in recorded))
        replayed.append(Replayed(delivery.id, before, verdict, delivery.reason, fax_ids))
        learned = before is Verdict.UNRECOGNIZED and verdict is not before
        if learned and _key(delivery) not in taken:
            taken.add(_key(delivery))
            digest = delivery.digest
        now = {"verdict": verdict if learned else before, "reason": delivery.reason}
        readings.append({"callback": delivery.id, "digest": digest, "release": release, **now})
    callbacks.save_readings(session, readings)
    return replayed


def _key(delivery: Delivery) -> callbacks.Key:
    return (delivery.entrance.account.id, delivery.digest)
