"""A server that keeps the very bytes it is sent and answers with the very bytes it is told."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 30.0
"""Seconds that a server here waits for a client, lest a test never ends."""

Said = bytes | float
"""What goes over the line: bytes, or a pause in seconds."""


@dataclass
class Wire:
    """`requests` are heads and bodies as they came; the connection ends after each answer."""

    origin: str
    requests: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def heads(self) -> list[str]:
        return [head for head, _ in self.requests]

    def header(self, name: str, number: int = -1) -> str | None:
        lines = (line.partition(": ") for line in self.heads[number].splitlines()[1:])
        return next((value for key, _, value in lines if key.lower() == name.lower()), None)


@contextmanager
def answering(*answers: bytes | Sequence[Said]) -> Iterator[Wire]:
    """Give one answer after the other, the last one again and again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = Wire(f"http://127.0.0.1:{listener.getsockname()[1]}")
        left = list(answers)
        stopping = threading.Event()

        def work() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if stopping.is_set():
                        return
                    request = _read(connection)
                    if request is None:
                        continue
                    wire.requests.append(request)
                    _say(connection, left.pop(0) if len(left) > 1 else left[0])

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield wire
        finally:
            stopping.set()
            socket.create_connection(listener.getsockname()).close()
            thread.join()


def http(body: bytes | str = b"", status: str = "200 OK", **headers: str) -> bytes:
    """An answer with its length; names of headers have `_` for `-`."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def told(value: Any, status: str = "200 OK", **headers: str) -> bytes:
    """The same with JSON."""
    return http(json.dumps(value), status, Content_Type="application/json", **headers)


def _read(connection: socket.socket) -> tuple[str, bytes] | None:
    """The head and the body; None of a client that has given up meanwhile."""
    try:
        return _read_all(connection)
    except OSError:
        return None


def _read_all(connection: socket.socket) -> tuple[str, bytes]:
    connection.settimeout(PATIENCE)
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-l")),
        0,
    )
    while len(body) < length:
        body += _more(connection)
    return head.decode(), body


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionError("the client has left")
    return piece


def _say(connection: socket.socket, answer: bytes | Sequence[Said]) -> None:
    try:
        for part in [answer] if isinstance(answer, bytes) else answer:
            if isinstance(part, bytes):
                connection.sendall(part)
            else:
                time.sleep(part)
    except OSError:
        return  # The client has heard enough.
