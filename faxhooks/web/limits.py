"""How fast a key may ask: a bucket of requests for each key, in this process's memory.

The limit is therefore per process: with four of them a key gets at most four times as much,
and none of them waits for another. A key that never stops asking costs the others nothing.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

MOST_KEPT: Final = 10_000
"""Buckets in memory; beyond it those that have filled up again are forgotten."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests a second in the long run, and how many at once after a pause."""

    per_second: int
    burst: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a request may go on, the seconds until one more may, and what its answer says."""

    allowed: bool
    retry_after: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


class Limits(Protocol):
    """Gives the requests of each key their turns."""

    def take(self, key_id: UUID, /) -> Turn:
        """The turn of one request."""


class NoLimits:
    """For services that trust all their keys, or are limited elsewhere."""

    def take(self, _: UUID, /) -> Turn:
        """Every request may go on."""
        return Turn(allowed=True)


class Buckets:
    """A token bucket for each key; `clock` counts seconds and never goes back."""

    def __init__(self, limit: RateLimit, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[UUID, tuple[float, float]] = {}

    def take(self, key_id: UUID, /) -> Turn:
        """Take one request out of the key's bucket, if there is one; a refusal takes none."""
        with self._lock:
            now = self._clock()
            level = self._level(key_id, now)
            allowed = level >= 1
            level -= allowed
            if key_id not in self._levels and len(self._levels) >= MOST_KEPT:
                self._forget_full(now)
            self._levels[key_id] = (level, now)
        retry_after = max(1, math.ceil((1 - level) / self._limit.per_second))
        return Turn(allowed, retry_after, self._headers(level))

    def _headers(self, level: float) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers-06; later drafts fold them into
        one, yet a client that knows any of them knows these. The reset is when the whole
        burst is there again, in seconds.
        """
        reset = math.ceil((self._limit.burst - level) / self._limit.per_second)
        return {
            "RateLimit-Limit": str(self._limit.burst),
            "RateLimit-Remaining": str(int(level)),
            "RateLimit-Reset": str(reset),
        }

    def _level(self, key_id: UUID, now: float) -> float:
        level, at = self._levels.get(key_id, (float(self._limit.burst), now))
        return min(float(self._limit.burst), level + (now - at) * self._limit.per_second)

    def _forget_full(self, now: float) -> None:
        """A full bucket is as good as none."""
        burst = self._limit.burst
        self._levels = {k: v for k, v in self._levels.items() if self._level(k, now) < burst}
