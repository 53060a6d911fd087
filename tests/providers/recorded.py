"""Requests kept as raw `.http` files, each with the lines of its origin first."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from faxhooks.domain.callback import Callback

ORIGIN: Final = "https://hooks.example.com"
ARRIVED: Final = datetime(2026, 1, 13, 21, 54, 47, tzinfo=UTC)


def read_request(path: Path) -> Callback:
    """The request of one file; what its lines with `#` say is for people."""
    head, _, body = path.read_bytes().partition(b"\n\n")
    lines = [line for line in head.decode().splitlines() if not line.startswith("#")]
    method, target, _ = lines[0].split(" ")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    lower = {name.lower(): value for name, value in headers.items()}
    return Callback(method, ORIGIN, target, lower, body, ARRIVED)


def requests_of(provider: str) -> list[Callback]:
    """Every recorded request of a provider."""
    return [
        read_request(path) for path in sorted((Path(__file__).parent / provider).glob("*.http"))
    ]
