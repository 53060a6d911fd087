"""A story told to a receiver in which one step fails, and which is then gone on with.

A new fax, its callback again, a second fax, a tag, bytes that nobody can read, and a callback
by which the two faxes turn out to be one.
"""

import json
import multiprocessing
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Final

from sqlalchemy.orm import Session

from faxhooks import logs
from faxhooks.app import compose_parts
from faxhooks.db.references import Key, find_faxes
from faxhooks.db.tags import lock_tagged, set_tags
from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnavailableError
from faxhooks.services.accounts import Account
from faxhooks.services.directory import FRESH_SECONDS
from faxhooks.services.parts import Parts
from tests.faults import variants
from tests.faults.disturbance import EXITED, Disturbance, Manner
from tests.faults.rows import Rows, read_rows
from tests.story import PUBLIC_URL, settings_for, target

_NOON: Final = datetime(2026, 9, 9, 12, tzinfo=UTC)
_SECONDS: Final = 30

# Children of a process without threads: to fork one that has some is not safe.
_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


def _said(fax: str, attempt: str, status: str) -> bytes:
    hook = {"id": attempt, "event": "fax_sent", "event_time": "2026-09-09 10:44:39"}
    return json.dumps({"hook": hook, "data": {"id": fax, "status": status}}).encode()


_TAG: Final = b"a tag, which no provider sends"
_STORY: Final = (
    _said("a", "a", "failed_user_busy"),
    _said("a", "a", "failed_user_busy"),
    _said("b", "b", "success"),
    _TAG,
    b"not to be read",
    _said("a", "b", "success"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a telling came to: all rows of the account, the steps that it took of the process
    that told it to the end, and the connections that were not given back.
    """

    rows: Rows
    steps: int
    checked_out: int


def tell(
    url: str, account: Account, at: int = 0, manner: Manner = Manner.ERROR, variant: str = ""
) -> Told:
    """Tell it to the end, with the `at`-th step failing; 0 is none.

    Who is refused says the same again, once; who hears nothing says it to the next process.
    """
    heard = 0
    if manner is Manner.EXIT:
        heard, at = _hear_of_one_who_exits(url, account, at, variant), 0
    parts = compose_parts(settings_for(url))
    engine = parts.database.engine
    disturbance = Disturbance(parts.database, at, manner)
    for number in range(heard, len(_STORY)):
        try:
            _say(parts, account, number)
        except UnavailableError:
            _wait_for_accounts(parts, account)
            _say(parts, account, number)
    steps, checked_out = disturbance.steps, engine.pool.checkedout()  # type: ignore[attr-defined]
    rows = parts.database.read(lambda session: read_rows(session, account.id))
    engine.dispose()
    return Told(rows, steps, checked_out)


def _say(parts: Parts, account: Account, number: int) -> None:
    """The next of the story. Raises UnavailableError where a provider would hear a 503."""
    said = _STORY[number]
    if said is _TAG:
        _tag(parts, (account.id, "b"))
        return
    path = target(account.hook_url)
    received_at = _NOON + timedelta(seconds=number)
    callback = Callback("POST", PUBLIC_URL, path, {}, said, received_at)
    parts.receiver.receive(account.provider, _token(account), callback)


def _tag(parts: Parts, key: Key) -> None:
    """The one thing of the story that the ORM flushes."""

    def work(session: Session) -> None:
        for fax_id in find_faxes(session, [key]).values():
            fax = lock_tagged(session, fax_id)
            assert fax is not None
            set_tags(session, fax, {"case": "17"})

    parts.database.write(work)


def _token(account: Account) -> str:
    return account.hook_url.rpartition("/")[2]


def _wait_for_accounts(parts: Parts, account: Account) -> None:
    """A process that could not read the accounts looks again soon, but not at once."""
    until = time.monotonic() + 2 * FRESH_SECONDS
    while time.monotonic() < until:
        try:
            return parts.receiver.check(account.provider, _token(account))
        except UnavailableError:
            time.sleep(0.1)
    raise AssertionError(f"the accounts are not read again within {2 * FRESH_SECONDS} s")


def _hear_of_one_who_exits(url: str, account: Account, at: int, variant: str) -> int:
    """How much of the story a process acknowledged that is gone at this step."""
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_exit_at, args=(url, account, at, variant, theirs))
    child.start()
    theirs.close()
    child.join(_SECONDS)
    if child.exitcode != EXITED:
        child.kill()
        raise AssertionError(f"a process was to end at step {at}, not with {child.exitcode}")
    heard = 0
    with ours:
        try:
            while True:
                heard = ours.recv()
        except EOFError:
            return heard


def _exit_at(url: str, account: Account, at: int, variant: str, heard: Connection) -> None:
    logs.configure("critical", sys.stderr)
    with variants.applied(variant or None):
        parts = compose_parts(settings_for(url))
        Disturbance(parts.database, at, Manner.EXIT)
        for number in range(len(_STORY)):
            _say(parts, account, number)
            heard.send(number + 1)
