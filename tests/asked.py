"""A service whose accounts are led to fakes of their providers, and a time that can be put on."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from faxhooks.services.accounts import Account
from faxhooks.services.parts import Parts
from faxhooks.services.reconciling import Habits, Reconciler
from faxhooks.simulator.fakes.behaviour import WELL, Behaviour
from faxhooks.simulator.fakes.fake import Fake
from faxhooks.simulator.fakes.registry import FAKES, TRIALS
from tests.fakes import config_of, send, until
from tests.story import Service, make_service

NAMES = ("signalwire", "faxplus")
"""The providers that can be asked."""

PACE = "6000"
HABITS = Habits()


@dataclass
class Time:
    """Our clock, which may be put on together with the providers'."""

    ahead: timedelta = timedelta()
    put_on: list[tuple[float, timedelta]] = field(default_factory=lambda: [(0.0, timedelta())])

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put(self, amount: timedelta) -> None:
        self.ahead += amount
        self.put_on.append((time.monotonic(), self.ahead))

    def at(self, moment: float) -> float:
        """What our clock showed, in seconds, at a time of time.monotonic()."""
        ahead = [ahead for since, ahead in self.put_on if since <= moment][-1]
        return moment + ahead.total_seconds()


@dataclass
class World:
    """`accounts` and `fakes` are by the provider's name."""

    service: Service
    fakes: Mapping[str, Fake]
    accounts: Mapping[str, Account]
    calls_at: str
    time: Time = field(default_factory=Time)

    @property
    def parts(self) -> Parts:
        return self.service.parts

    def put_on(self, **amount: float) -> None:
        """Let so much time pass for everybody."""
        passed = timedelta(**amount)
        self.time.put(passed)
        for fake in self.fakes.values():
            fake.clock.put_forward(passed.total_seconds())

    def settle(self) -> None:
        """Wait until every callback is delivered, or given up."""
        until(lambda: all(fake.postman.idle for fake in self.fakes.values()), 60)

    def settle_some(self) -> None:
        """Let time pass until the first callbacks of what was just sent have come."""
        until(self._some_came, 60)

    def _some_came(self) -> bool:
        self.put_on(seconds=1)
        return bool(self.service.api.faxes())

    def send(self, name: str, **fields: Any) -> str:
        """Send a fax, of which the provider calls back; its id."""
        return send(self.fakes[name], self.accounts[name].hook_url, **fields)

    def reconciler(self, habits: Habits = HABITS) -> Reconciler:
        return Reconciler(self.parts, self.time.now, habits)

    def sweep(self) -> dict[str, int]:
        """One pass of a new worker."""
        return self.reconciler().run(Event())

    def passes(self, habits: Habits) -> dict[str, int]:
        """The same; while it waits, time is put on instead."""
        return self.reconciler(habits).run(_Passing(self))

    def fax(self, fax_id: str) -> dict[str, Any]:
        return self.service.api.fax(fax_id)

    def shown(self, fax_id: str) -> dict[str, Any]:
        """It as it is shown alone, with what is known of asking."""
        answer = self.service.api.get(f"/faxes/{self.fax(fax_id)['id']}")
        shown: dict[str, Any] = answer.json
        return shown


class _Passing(Event):
    """An event that is never set; to wait for it takes no time but the world's."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def wait(self, timeout: float | None = None) -> bool:
        """At once."""
        self._world.put_on(seconds=max(timeout or 0.0, 2.0))
        return False


@contextmanager
def world(
    database_url: str,
    behaviour: Behaviour = WELL,
    media_folder: Path | None = None,
    **options: str,
) -> Iterator[World]:
    """With an account at each fake, and callbacks that come over HTTP; `_` stands for `-`."""
    service = make_service(database_url, log_level="critical", media_folder=media_folder)
    with ExitStack() as stack:
        stack.callback(service.parts.database.engine.dispose)
        calls_at = stack.enter_context(served(service.app))
        fakes = {
            name: stack.enter_context(FAKES[name](behaviour, TRIALS[name], calls_at).serve())
            for name in NAMES
        }
        accounts = {
            name: add_account(service.parts, name, fakes[name], **options) for name in fakes
        }
        yield World(service, fakes, accounts, calls_at)


def add_account(parts: Parts, name: str, fake: Fake, **options: str) -> Account:
    """An account that is led to a fake, with all that asking takes."""
    values = config_of(fake, **{"calls_per_minute": PACE, **options})
    return parts.database.write(
        lambda session: parts.accounts.add(session, name, f"asked-{name}", values)
    )


class _Quiet(WSGIRequestHandler):
    """The service has a log of its own."""

    def log_request(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The application over HTTP in this process; where."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
