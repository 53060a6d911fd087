"""Counters for operations: what came, what it did, what was refused and why."""

from collections import Counter as Counting
from collections.abc import Iterable
from functools import cache
from typing import Final

from prometheus_client import Counter

CALLBACKS: Final = Counter(
    "faxhooks_callbacks", "Callbacks kept, by what they did.", ["provider", "verdict"]
)
REFUSED: Final = Counter("faxhooks_refused", "Hook requests refused, by cause.", ["cause"])
DRIFT: Final = Counter(
    "faxhooks_drift", "Callbacks that said something our tables do not know.", ["provider"]
)


_kept: Final = cache(CALLBACKS.labels)
"""There are as many as providers times verdicts."""


def kept(callbacks: Iterable[tuple[str, str]]) -> None:
    """Count callbacks that were committed, by their providers and verdicts."""
    for of, count in Counting(callbacks).items():
        _kept(*of).inc(count)


def drifted(provider: str) -> None:
    """Count a callback that said something our tables do not know."""
    DRIFT.labels(provider).inc()


def refused(cause: str) -> None:
    """Count a hook request that was not kept."""
    REFUSED.labels(cause).inc()
