"""A request that is repeated under its `Idempotency-Key` has one effect and one answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db.batches import Insert
from faxhooks.db.sendmodels import RepeatRow
from faxhooks.domain.errors import ConflictError, InvalidBodyError

IN_FLIGHT: Final = timedelta(minutes=1)
"""Longer than a request may take; who died in it is not waited for any longer."""

KEPT: Final = timedelta(days=1)
"""For how long a key stands for its first request."""

_CLAIM: Final = Insert(RepeatRow, "DO NOTHING")


@dataclass(frozen=True, slots=True)
class Key:
    """What a request calls itself: the key, whose it is, and the digest of all that it asks."""

    holder: str
    key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Begun:
    """The claim of a request that is the first, or the answer that the first one had."""

    claim: UUID | None = None
    answer: Any = None


def begin(session: Session, key: Key, now: datetime) -> Begun:
    """Claim the key by insert, which of any number of requests at once only one can.

    Raises InvalidBodyError when it stood for another request, ConflictError while that one is
    in flight.
    """
    claim = uuid7()
    row = {
        "holder": key.holder,
        "key": key.key,
        "digest": key.digest,
        "claim": claim,
        "claimed_until": now + IN_FLIGHT,
        "answer": None,
        "created_at": now,
    }
    if _CLAIM.run(session, [row]):
        return Begun(claim)
    found = session.get_one(
        RepeatRow, (key.holder, key.key), with_for_update=True, populate_existing=True
    )
    if found.digest != key.digest:
        said = "this `Idempotency-Key` came with another request before; take a new one"
        raise InvalidBodyError("", said)
    if found.answer is not None:
        return Begun(answer=found.answer)
    if found.claimed_until > now:
        raise ConflictError("the same request is in flight; repeat it in a moment")
    found.claim, found.claimed_until = claim, now + IN_FLIGHT
    return Begun(claim)


def finish(session: Session, key: Key, claim: UUID, answer: Any) -> None:
    """Keep the answer, in the transaction that it tells of. Raises ConflictError when another
    has taken the key over meanwhile, so that nothing of that transaction comes to be.
    """
    row = session.get(
        RepeatRow, (key.holder, key.key), with_for_update=True, populate_existing=True
    )
    if row is None or row.claim != claim:
        raise ConflictError("the same request was repeated meanwhile; its answer is the other's")
    row.answer = answer


def forget(session: Session, key: Key, claim: UUID) -> None:
    """Let the key go of a request that had no effect, so that it can be mended and repeated."""
    mine = RepeatRow.holder == key.holder, RepeatRow.key == key.key, RepeatRow.claim == claim
    session.execute(delete(RepeatRow).where(*mine, RepeatRow.answer.is_(None)))
