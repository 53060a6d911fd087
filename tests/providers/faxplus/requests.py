"""Recorded Fax.Plus webhooks, and changed ones."""

import json
from pathlib import Path
from typing import Any

from faxhooks.domain.callback import Callback
from tests.providers.recorded import ARRIVED, ORIGIN, read_request

HERE = Path(__file__).parent
RECORDED = sorted(path.stem for path in HERE.glob("*.http"))


def recorded(name: str) -> Callback:
    """The request of one `.http` file."""
    return read_request(HERE / f"{name}.http")


def post(body: bytes) -> Callback:
    """Any body, posted to a hook."""
    return Callback("POST", ORIGIN, "/hooks/faxplus/TOKEN", {}, body, ARRIVED)


def webhook(hook: dict[str, Any] | None = None, **data: Any) -> Callback:
    """The documented webhook with some of its fields changed; `...` leaves one out."""
    body = json.loads(recorded("documented_sent").body)
    for part, changes in (("hook", hook or {}), ("data", data)):
        changed = body[part] | changes
        body[part] = {name: value for name, value in changed.items() if value is not ...}
    return post(json.dumps(body).encode())
