"""Clients that no library would be: they send too much, too little, or a byte at a time."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

CUT: Final = "cut"
"""What is heard when the connection ends without an answer."""


def head(path: str, *lines: str, kind: str = "application/json") -> bytes:
    """The head of a post."""
    said = [f"POST {path} HTTP/1.1", "Host: hooks.example.com", f"Content-Type: {kind}", *lines]
    return "\r\n".join([*said, "", ""]).encode()


def sized(path: str, body: bytes, length: int | None = None, kind: str = "text/plain") -> bytes:
    """A post with its length, or with another one."""
    said = len(body) if length is None else length
    return head(path, f"Content-Length: {said}", kind=kind) + body


def chunked(
    path: str, body: bytes, *, ended: bool = True, size: int = 8192, kind: str = "text/plain"
) -> bytes:
    """A post in chunks, with or without the last one."""
    chunks = (body[start : start + size] for start in range(0, len(body), size))
    sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head(path, "Transfer-Encoding: chunked", kind=kind) + sent + b"0\r\n\r\n" * ended


def exchange(port: int, request: bytes, *, wait: float = 15) -> int | str:
    """The status that is answered to these bytes, after which nothing more is sent.

    A server that answers before it has read all closes the connection; what it said is then
    read as far as it came.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as line:
        said = b""
        with suppress(OSError):
            _send_until_answered(line, request)
            line.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            said = line.recv(4096)
    return int(said.split(b" ")[1]) if said.startswith(b"HTTP/1.1 ") else CUT


def _send_until_answered(line: socket.socket, request: bytes) -> None:
    """Send it all, or until something comes back."""
    for start in range(0, len(request), 65_536):
        line.sendall(request[start : start + 65_536])
        line.setblocking(False)
        try:
            if line.recv(1, socket.MSG_PEEK):
                return
        except BlockingIOError:
            pass
        finally:
            line.settimeout(15)


@dataclass(slots=True)
class SlowCrowd:
    """Clients that each send another byte of their request at every turn."""

    port: int
    requests: Sequence[bytes]
    already: int = 0
    lines: list[socket.socket] = field(default_factory=list)
    sent: int = 0

    def __enter__(self) -> "SlowCrowd":
        for request in self.requests:
            line = socket.create_connection(("127.0.0.1", self.port), timeout=15)
            self.lines.append(line)
            line.sendall(request[: self.already])
        self.sent = self.already
        return self

    def __exit__(self, *_: object) -> None:
        for line in self.lines:
            line.close()

    def turn(self) -> None:
        """A byte more from each."""
        for line, request in zip(self.lines, self.requests, strict=True):
            with suppress(ConnectionError):
                line.send(request[self.sent : self.sent + 1])
        self.sent += 1
