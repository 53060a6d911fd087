"""Deploys under a service's clients: its processes renewed in place, or the whole replaced."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle

from tests.running.gunicorns import Running
from tests.running.proxies import Relay


class Balancer(Relay):
    """What stands before a service on a platform: a port that stays, and leads new connections
    to where the service is now. Those that are open stay where they are.
    """

    def __init__(self, port: int) -> None:
        super().__init__(f"http://127.0.0.1:{port}")
        self.port = self._port

    def lead_to(self, port: int) -> None:
        """From the next connection on."""
        self._upstream = ("127.0.0.1", port)


@dataclass
class Deploys:
    """One after the other, in turns: the configuration loaded anew by SIGHUP, which replaces
    the workers; and a new master beside the old one, which is then sent SIGTERM, as platforms
    do that keep a service up while it is deployed.

    `start` makes another gunicorn that answers. `stops` are how long the old ones took.
    """

    served: Running
    balancer: Balancer
    start: Callable[[], Running]
    reloads: int = 0
    restarts: int = 0
    stops: list[float] = field(default_factory=list)

    def run(self, every: float, ended: threading.Event) -> None:
        """Begin one so many seconds after the last was through, until it is ended."""
        kinds = cycle((self._reload, self._restart))
        with ThreadPoolExecutor(4) as stopping:
            while not ended.wait(every):
                next(kinds)(stopping)

    def _reload(self, _: ThreadPoolExecutor) -> None:
        assert self.served.process is not None
        self.served.process.send_signal(signal.SIGHUP)
        self.reloads += 1

    def _restart(self, stopping: ThreadPoolExecutor) -> None:
        old, self.served = self.served, self.start()
        self.balancer.lead_to(self.served.port)
        stopping.submit(old.stop).add_done_callback(lambda done: self.stops.append(done.result()))
        self.restarts += 1
