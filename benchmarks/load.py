"""A client that costs little: prepared bytes go out, and answers are timed, not read.

It runs in a process of its own, `python -m benchmarks.load`, and prints one JSON object.
One thread over epoll serves all connections: of the two ways that the standard library has
for this, asyncio's takes twice the processor time for each request.
"""

import json
import math
import select
import socket
import sys
import time
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.traffic import Traffic

_SILENCE: Final = 10.0
"""Seconds without any answer, after which nobody will answer any more."""


@dataclass(slots=True)
class Seen:
    """What came back. `failed` are the numbers of the requests that got no answer but 200."""

    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    said: Counter[str] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)

    def note(self, number: int, said: str, seconds: float) -> None:
        """Count one more."""
        self.said[said] += 1
        self.seconds.append(seconds)
        if said != "200":
            self.failed.append(number)


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    number: int = -1
    sent_at: float = 0.0
    answer: bytes = b""


class Shooter:
    """Keeps every connection busy with one request after the other until time is up."""

    def __init__(self, traffic: Traffic, port: int, start: int, *, wrap: bool) -> None:
        self.next = start
        self.seen = Seen()
        self._traffic = traffic
        self._port = port
        self._wrap = wrap
        self._poll = select.epoll()
        self._busy: dict[int, _Connection] = {}

    def run(self, connections: int, seconds: float) -> float:
        """Send for so many seconds, wait for the last answers, and say how long that took."""
        idle = [self._connected() for _ in range(connections)]
        began = time.perf_counter()
        until = began + seconds
        for connection in idle:
            self._send(connection, until)
        while self._busy:
            events = self._poll.poll(_SILENCE)
            if not events:
                self._give_up()
            for descriptor, _ in events:
                self._receive(self._busy[descriptor], until)
        return time.perf_counter() - began

    def _connected(self) -> _Connection:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=_SILENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._poll.register(connection, select.EPOLLIN)
        return _Connection(connection)

    def _send(self, connection: _Connection, until: float) -> None:
        """The next request, unless the time is up or there is none left."""
        number = self.next % len(self._traffic) if self._wrap else self.next
        now = time.perf_counter()
        if now >= until or number >= len(self._traffic):
            self._busy.pop(connection.socket.fileno(), None)
            connection.socket.close()
            return
        self.next += 1
        self._busy[connection.socket.fileno()] = connection
        connection.number, connection.sent_at, connection.answer = number, now, b""
        connection.socket.sendall(self._traffic[number])

    def _receive(self, connection: _Connection, until: float) -> None:
        try:
            data = connection.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self._end(connection, "disconnected", until)
            return
        connection.answer += data
        if is_whole(connection.answer):
            seconds = time.perf_counter() - connection.sent_at
            self.seen.note(connection.number, connection.answer[9:12].decode(), seconds)
            self._send(connection, until)

    def _end(self, connection: _Connection, said: str, until: float) -> None:
        """Note what became of the last request, and go on over a new connection."""
        self.seen.note(connection.number, said, time.perf_counter() - connection.sent_at)
        self._busy.pop(connection.socket.fileno())
        connection.socket.close()
        self._send(self._connected(), until)

    def _give_up(self) -> None:
        for connection in self._busy.values():
            self.seen.note(connection.number, "timeout", _SILENCE)
            connection.socket.close()
        self._busy.clear()


def is_whole(answer: bytes) -> bool:
    """Whether head and body are there. Raises ValueError for an answer that tells no length."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    _, named, rest = head.lower().partition(b"\r\ncontent-length:")
    if not named:
        raise ValueError("an answer without a length cannot be timed")
    return len(body) >= int(rest.partition(b"\r\n")[0])


def milliseconds(seconds: "array[float]", percent: float) -> float | None:
    """The time within which so many of a hundred were answered; None without any."""
    if not seconds:
        return None
    rank = math.ceil(len(seconds) * percent / 100)
    return round(sorted(seconds)[max(rank, 1) - 1] * 1000, 3)


def main(arguments: list[str]) -> None:
    """Shoot, and print what was seen and the number of the next request.

    The arguments are the traffic's file, the port, the number of the first request, `wrap`
    to begin again after the last one, how many connections, and for how many seconds.
    """
    path, port, start, wrap, connections, seconds = arguments
    shooter = Shooter(Traffic(Path(path)), int(port), int(start), wrap=wrap == "wrap")
    took = shooter.run(int(connections), float(seconds))
    seen = shooter.seen
    shot = {
        "seconds": took,
        "processor_seconds": time.process_time(),
        "answers": seen.said,
        "failed": seen.failed,
        "next": shooter.next,
        "p50_ms": milliseconds(seen.seconds, 50),
        "p99_ms": milliseconds(seen.seconds, 99),
    }
    sys.stdout.write(json.dumps(shot) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
