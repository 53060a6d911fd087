"""What is sent: requests as the providers make them, signed and written out beforehand."""

import mmap
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import urlsplit

from faxhooks.simulator.scenarios import SCENARIOS, Load, tell_many
from faxhooks.simulator.story import Customer, Prepared

REPEATS: Final = 0.05
"""The share of requests that were sent before: providers try again."""

_STRETCH: Final = 500
"""Faxes of each story whose callbacks are mixed, so that a fax's lie a while apart."""


class Traffic:
    """Requests in a file, byte for byte as they are sent, each found by its number."""

    def __init__(self, path: Path) -> None:
        self._ends = array("Q")
        self._ends.frombytes(path.with_suffix(".ends").read_bytes())
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, number: int) -> bytes:
        start = self._ends[number - 1] if number else 0
        return self._bytes[start : self._ends[number]]

    def body(self, number: int) -> bytes:
        """What the provider says in it."""
        return self[number].partition(b"\r\n\r\n")[2]


def write_traffic(path: Path, customers: dict[str, Customer], count: int) -> Traffic:
    """Prepare `count` requests; `customers` are the accounts by their provider's name."""
    ends = array("Q")
    with path.open("wb") as file:
        for callback in islice(_callbacks(customers), count):
            file.write(written(callback))
            ends.append(file.tell())
    path.with_suffix(".ends").write_bytes(ends.tobytes())
    return Traffic(path)


def written(callback: Prepared) -> bytes:
    """The request on the wire, for the host that it was signed for."""
    parts = urlsplit(callback.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {
        "Host": parts.netloc,
        "User-Agent": "faxhooks-benchmark",
        **callback.headers,
        "Content-Length": str(len(callback.body)),
    }
    lines = [f"{callback.method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + callback.body


def _callbacks(customers: dict[str, Customer]) -> Iterator[Prepared]:
    """Without an end: half of them SignalWire's four of a fax, half Fax.Plus' one or two."""
    seed = 0
    while True:
        random = Random(seed)
        told: list[Prepared] = []
        for provider, name, faxes in (
            ("signalwire", "delivered", _STRETCH),
            ("faxplus", "success", 2 * _STRETCH),
            ("faxplus", "retry-then-success", _STRETCH),
        ):
            load = Load(count=faxes, seed=seed)
            stories = tell_many(SCENARIOS[provider][name], customers[provider], load)
            told += [callback for story in stories for callback in story]
            seed += 1
        random.shuffle(told)
        yield from _with_repeats(told, random)


def _with_repeats(told: Iterable[Prepared], random: Random) -> Iterator[Prepared]:
    """Now and then one of those before comes again."""
    sent: list[Prepared] = []
    for callback in told:
        while sent and random.random() < REPEATS:
            yield random.choice(sent)
        sent.append(callback)
        yield callback
