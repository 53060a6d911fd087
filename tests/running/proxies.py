"""A TCP relay in front of a database, which can be cut or stopped like the real thing."""

import socket
import struct
import threading
from contextlib import suppress

from sqlalchemy.engine import make_url


class Relay:
    """Forwards connections to PostgreSQL until it is told to refuse or to hang."""

    def __init__(self, database_url: str) -> None:
        url = make_url(database_url)
        self._upstream = (url.host or "127.0.0.1", url.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.url = url.set(host="127.0.0.1", port=self._port).render_as_string(hide_password=False)
        self._passing = threading.Event()
        self._passing.set()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def hang(self) -> None:
        """Connections stay open and accept what is sent, but nothing gets through."""
        self._passing.clear()

    def resume(self) -> None:
        """Everything that waited gets through."""
        self._passing.set()

    def cut(self) -> None:
        """Close every connection and refuse new ones."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._close_all()

    def break_off(self, last: bytes) -> None:
        """Say this to every client, and end the connections as a server does that is stopped
        with words unread: they are reset.
        """
        for near in self._open[::2]:
            near.sendall(last)
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            near.shutdown(socket.SHUT_RD)  # Else the thread that reads would keep it open.
            near.close()
        self._close_all()

    def mend(self) -> None:
        """Accept connections again, on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop for good."""
        self.cut()
        self._passing.set()

    def _close_all(self) -> None:
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._upstream)
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._passing.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
