"""The smallest application that shows how gunicorn.conf.py serves one."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from faxhooks.services.watching import Pause
from faxhooks.web.bridge import Bridge
from faxhooks.web.streams import AWAITS, Said


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[Said]:
    """Fails at /fail…, streams at /stream until the process has to stop, else answers `ok`."""
    if environ["PATH_INFO"].startswith("/fail"):
        raise RuntimeError(f"failed at {environ['PATH_INFO']}")
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/stream":
        yield b"first\n"
        if AWAITS in environ:
            yield Pause(20)
        assert environ["faxhooks.stopping"].wait(20)
        yield b"last\n"
    elif environ["PATH_INFO"] == "/counters":
        yield os.environ["PROMETHEUS_MULTIPROC_DIR"].encode()
    else:
        yield b"ok"


door = Bridge(app)
