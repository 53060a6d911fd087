"""Reading what a callback may have wrong without losing the rest of it."""

from collections.abc import Mapping
from typing import Any

from faxhooks.providers import reading


def web_address(said: Mapping[str, Any], name: str) -> str | None:
    """An http or https address that is short enough to keep; None for anything else."""
    value = said.get(name)
    if not isinstance(value, str) or len(value) > reading.MAX_TEXT:
        return None
    address = value.strip()
    return address if address.lower().startswith(("http://", "https://")) else None


def drift_of(*checks: tuple[object, object, str | None]) -> str | None:
    """The faults of what was said (first) but could not be understood (second is None)."""
    faults = [fault for said, understood, fault in checks if said and understood is None and fault]
    return "; ".join(faults) or None
