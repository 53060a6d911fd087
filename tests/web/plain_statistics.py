"""Statistics as plain Python works them out, fax by fax."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from faxhooks.domain.fax import Outcome

CODES = ("1", "7", "44", "49", "86", "353", "878")
COUNTS = ("faxes", "by_outcome", "success_rate", "pages", "time_to_final")


def plain_percentile(values: Sequence[float], percent: int) -> float:
    """The least value that this part of all values does not exceed."""
    return sorted(values)[math.ceil(Fraction(percent, 100) * len(values)) - 1]


def plain_seconds(seconds: float) -> float:
    """To the next of the steps 0.1, 0.2, 0.5, 1, 2, 5 … that is at most a tenth of it."""
    steps = [step * 10**power for power in range(7) for step in (1, 2, 5)]
    step = max(step for step in steps if step == 1 or step <= seconds)
    return math.floor(seconds * 10 / step + 0.5) * step / 10


def plain_counts(faxes: Iterable[dict[str, Any]]) -> dict[str, Any]:
    faxes = list(faxes)
    outcomes = {str(o): sum(fax["outcome"] == o for fax in faxes) for o in Outcome}
    ended = outcomes["success"] + outcomes["failure"]
    seconds = [
        plain_seconds(fax["seconds_to_final"])
        for fax in faxes
        if fax["seconds_to_final"] is not None
    ]
    times = {f"p{p}": plain_percentile(seconds, p) for p in (50, 95, 99)} if seconds else None
    return {
        "faxes": len(faxes),
        "by_outcome": outcomes,
        "success_rate": round(outcomes["success"] / ended, 4) if ended else None,
        "pages": sum(fax["pages"] or 0 for fax in faxes),
        "time_to_final": times,
    }


def plain_destination(fax: dict[str, Any]) -> str | None:
    number = fax["recipient"] or ""
    if fax["direction"] == "inbound" or not number.startswith("+"):
        return None
    return next((f"+{code}" for code in CODES if number[1:].startswith(code)), None)


def plain_bucket(moment: datetime, bucket: str) -> str:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    begun = {
        "hour": day.replace(hour=moment.hour),
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
    }[bucket]
    return begun.isoformat().replace("+00:00", "Z")


GROUPS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "provider": lambda fax: fax["provider"],
    "account": lambda fax: str(fax["account_id"]),
    "status": lambda fax: str(fax["status"]),
    "reason": lambda fax: fax["reason"],
    "destination": plain_destination,
}


def plain_groups(
    faxes: Iterable[dict[str, Any]], bucket: str | None, names: Sequence[str]
) -> dict[tuple[Any, ...], Any]:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for fax in faxes:
        span = [plain_bucket(fax["created_at"], bucket)] if bucket else []
        groups.setdefault((*span, *(GROUPS[name](fax) for name in names)), []).append(fax)
    return {key: plain_counts(group) for key, group in groups.items()}
