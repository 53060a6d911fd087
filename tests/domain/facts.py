"""Facts about one fax, made to order and drawn at random."""

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from faxhooks.domain.fax import (
    Cost,
    Direction,
    Evidence,
    FaxError,
    FaxEvent,
    FaxStatus,
    Number,
    Reference,
    Source,
)
from faxhooks.domain.reasons import REASONS, Following

NOON: Final = datetime(2026, 1, 2, 12, tzinfo=UTC)
WORDS: Final = (*FaxStatus, None)
FINALS: Final = tuple(status for status in FaxStatus if status.is_final)
OPEN: Final = (FaxStatus.QUEUED, FaxStatus.PROCESSING, FaxStatus.SENDING, FaxStatus.RECEIVING)

ABLE: Final = (frozenset[Following](), frozenset({Following.REDIAL}), frozenset(Following))

_SOURCES = {Evidence.CONFIRMED: Source.POLL, Evidence.OWN: Source.OPERATOR}


def fact(
    status: FaxStatus | None,
    evidence: Evidence = Evidence.SIGNED,
    minute: int | None = None,
    arrived: int = 0,
    **said: Any,
) -> FaxEvent:
    """One fact; `minute` is the provider's time after noon, `arrived` ours, which is no part
    of what is said and so none of the digest.
    """
    content = repr((status, evidence, minute, sorted(said.items())))
    return FaxEvent(
        digest=hashlib.sha256(content.encode()).digest(),
        references=said.pop("references", (Reference("fax"),)),
        received_at=NOON + timedelta(minutes=arrived),
        occurred_at=None if minute is None else NOON + timedelta(minutes=minute),
        status=status,
        provider_status=None if status is None else status.upper(),
        evidence=evidence,
        source=_SOURCES.get(evidence, Source.CALLBACK),
        **said,
    )


def _drawn(dice: random.Random) -> FaxEvent:
    attempt = dice.choice([None, "first", "second"])
    return fact(
        dice.choice(WORDS),
        dice.choice(list(Evidence)),
        dice.choice([None, 0, 1, 2]),
        arrived=dice.randrange(6),
        references=tuple(
            Reference(name, shared=dice.random() < 0.2)
            for name in dice.sample(["a", "b", "c"], dice.randint(1, 3))
        ),
        attempt=attempt,
        follows=dice.choice([None, None, None, *ABLE]),
        retried=attempt == "second" and dice.random() < 0.7,
        asks_poll=dice.random() < 0.2,
        direction=dice.choice([None, None, *Direction]),
        sender=dice.choice([None, Number("+13103383454", "+1 310 338 3454"), Number("u", "u")]),
        recipient=dice.choice([None, Number("+13104456789", "+13104456789")]),
        reason=dice.choice([None, *REASONS]),
        error=dice.choice([None, FaxError("34002", None), FaxError(None, "busy")]),
        pages=dice.choice([None, 0, 1, 2]),
        duration=dice.choice([None, 0, 30]),
        cost=dice.choice([None, Cost("1", "pages"), Cost("0.0050", "USD")]),
        media_url=dice.choice([None, "https://files.example/1.pdf"]),
        remote_station_id=dice.choice([None, "OFFICE"]),
    )


def _tried(dice: random.Random) -> FaxEvent:
    """A fact of one of three tries, or the beginning of one; now and then it names two."""
    number = dice.choice([1, 1, 2, 3])
    own, theirs = Reference(f"own{number}"), Reference(f"their{number}")
    if number > 1 and dice.random() < 0.4:
        before = Reference(f"own{dice.randrange(1, number)}")
        said = {
            "references": (own, before),
            "begins": number,
            "follows": dice.choice([None, *ABLE]),
        }
        return fact(FaxStatus.QUEUED, Evidence.OWN, arrived=dice.randrange(6), **said)
    odd = [Reference("their1")] if dice.random() < 0.05 else []
    shared = [Reference("call", shared=True)] if dice.random() < 0.2 else []
    names = dice.choice([[own], [theirs], [theirs, own]])
    return _drawn(dice)._replace(references=(*names, *odd, *shared))


DRAWN: Final = tuple(_drawn(random.Random(seed)) for seed in range(4000))
"""The same facts in every run, with every field at times empty."""

TRIED: Final = tuple(_tried(random.Random(seed)) for seed in range(4000))
"""Facts of a fax that was handed over several times."""
