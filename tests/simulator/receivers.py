"""A tiny service on a port of this machine, which notes what it is sent and answers as told."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, bytes]


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float
    port: int  # The client's, which tells connections apart.


@dataclass
class Receiver:
    """`requests` in order of arrival; `most` is how many there were at once."""

    url: str
    requests: list[Request] = field(default_factory=list)
    most: int = 0


@contextmanager
def receiving(
    answer: Callable[[Request], Answer] = lambda _: (200, b"<Response/>"),
) -> Iterator[Receiver]:
    """A service that gives these answers, for a while."""
    lock, here = threading.Lock(), [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A small answer behind its head would wait 40 ms for the client's acknowledgement.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            now, port = time.monotonic(), self.client_address[1]
            request = Request(self.command, self.path, headers, body, now, port)
            with lock:
                receiver.requests.append(request)
                here[0] += 1
                receiver.most = max(receiver.most, here[0])
            status, said = answer(request)
            with lock:
                here[0] -= 1
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(said)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def nobody() -> str:
    """An address on this machine where nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"
