"""A callback comes in: verified, read, and committed before it is answered."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

import structlog
from uuid_utils.compat import uuid7

from faxhooks import logs
from faxhooks.db.engine import HOOK_DEADLINE, BeginAgainError, Database
from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError, UnavailableError, UnreadableError
from faxhooks.domain.fax import Evidence, FaxEvent, Verdict
from faxhooks.providers.base import Reply
from faxhooks.services import meters
from faxhooks.services.committing import GroupCommit, TaskCommit
from faxhooks.services.directory import Directory, Entrance
from faxhooks.services.keeping import Delivery, NeedsLocksError, keep, keep_at_once
from faxhooks.services.refusing import Refusals

log = structlog.get_logger()

TOKEN: Final = "{token}"  # noqa: S105 (a placeholder, so that the secret is not stored in the clear)

_TRIES_SOON: Final = 3
"""For a group, before a thread goes on."""

_Kept = tuple[Delivery, Verdict]
"""As it was committed, and what it did."""


class Receiver:
    """The one way in for callbacks; `release` is noted on each, to know who misread it.

    `refusals` counts what is turned away, of which nothing is kept.
    """

    def __init__(self, database: Database, directory: Directory, release: str) -> None:
        self.refusals = Refusals(database, directory)
        self._database = database
        self._directory = directory
        self._release = release
        self._commits: GroupCommit[Delivery, _Kept] = GroupCommit(self._commit)
        soon = self._commit_in_thread if database.is_sqlite else self._commit_soon
        self._soon: TaskCommit[Delivery, _Kept] = TaskCommit(soon)

    def receive(self, provider: str, token: str, callback: Callback) -> Reply:
        """Keep a callback, then say what the provider expects to hear.

        Raises NotFoundError for an unknown or disabled token, AuthenticityError when it is
        not the provider's, UnavailableError when it could not be kept.
        """
        until = time.monotonic() + HOOK_DEADLINE
        delivery = self._admit(self._directory.find(provider, token), token, callback)
        self._keep(delivery, until)
        return delivery.entrance.adapter.reply(callback)

    async def receive_soon(self, provider: str, token: str, callback: Callback) -> Reply:
        """The same for a task of an event loop, which goes on meanwhile."""
        until = time.monotonic() + HOOK_DEADLINE
        entrance = self._directory.peek(provider, token)
        if entrance is None:
            entrance = await asyncio.to_thread(self._directory.find, provider, token)
        delivery = self._admit(entrance, token, callback)
        _note(*await self._soon.submit(delivery, until))
        return entrance.adapter.reply(callback)

    def check(self, provider: str, token: str) -> None:
        """Whether there is such a hook; raises NotFoundError."""
        self._directory.find(provider, token)

    def _admit(self, entrance: Entrance, token: str, callback: Callback) -> Delivery:
        """Verified and read. What is refused is counted here, where its account is known."""
        try:
            return admit(entrance, token, callback)
        except AuthenticityError as error:
            self.refusals.note(entrance, callback, error.cause)
            raise

    def _keep(self, delivery: Delivery, until: float) -> None:
        """Committed before we answer."""
        _note(*self._commits.submit(delivery, until))

    async def _commit_soon(self, deliveries: Sequence[Delivery], until: float) -> list[_Kept]:
        """What is rare, or goes wrong, is left to a thread, which knows all about it. That another
        process heard of the same fax at the same moment is not that rare.
        """
        for _ in range(_TRIES_SOON):
            try:
                work = keep_at_once(deliveries, self._release)
                return _counted(deliveries, await self._database.write_soon(work, until))
            except UnavailableError:
                raise
            except BeginAgainError:
                continue
            except Exception:  # noqa: BLE001 (which shows again there, if it is not over by then)
                break
        return await self._commit_in_thread(deliveries, until)

    async def _commit_in_thread(self, deliveries: Sequence[Delivery], until: float) -> list[_Kept]:
        return await asyncio.to_thread(self._commit, deliveries, until)

    def _commit(self, deliveries: Sequence[Delivery], until: float) -> list[_Kept]:
        """What fails for its own sake, and so alone, is kept unread."""
        try:
            return self._write(deliveries, until)
        except UnavailableError:
            raise
        except Exception as error:
            if len(deliveries) > 1:
                raise
            log.exception("callback_not_recorded", callback_id=str(deliveries[0].id))
            return self._write([_unread(deliveries[0], f"internal: {type(error).__name__}")], until)

    def _write(self, deliveries: Sequence[Delivery], until: float) -> list[_Kept]:
        try:
            verdicts = self._database.write_at_once(
                lambda: keep_at_once(deliveries, self._release),
                seconds=until - time.monotonic(),
            )
        except NeedsLocksError:
            verdicts = self._database.write(
                lambda session: keep(session, deliveries, self._release),
                seconds=until - time.monotonic(),
            )
        return _counted(deliveries, verdicts)


def _counted(deliveries: Sequence[Delivery], verdicts: Sequence[Verdict]) -> list[_Kept]:
    """Count a group that is committed."""
    kept = list(zip(deliveries, verdicts, strict=True))
    meters.kept((delivery.entrance.account.provider, verdict) for delivery, verdict in kept)
    return kept


def _note(delivery: Delivery, verdict: Verdict) -> None:
    """Let the request's line in the log say what it did; only what we could not read has a line
    of its own, and is counted. No word of its content is among it.
    """
    account = delivery.entrance.account
    logs.add(
        callback_id=str(delivery.id),
        provider=account.provider,
        account_id=str(account.id),
        verdict=verdict.value,
        evidence=delivery.evidence.value,
    )
    drift = [event.drift for event in delivery.events if event.drift]
    if reason := delivery.reason or "; ".join(drift):
        meters.drifted(account.provider)
        log.warning("callback", reason=_kind(reason))


def _kind(reason: str) -> str:
    """What was wrong, without the word that was: that may be anybody's name. The whole reason
    is kept with the callback.
    """
    return "; ".join(fault.partition(":")[0] for fault in reason.split("; "))


def admit(entrance: Entrance, token: str, callback: Callback) -> Delivery:
    """A callback that was verified and read. Raises AuthenticityError."""
    evidence = verify(entrance, callback)
    path = callback.target.partition("?")[0].replace(token, TOKEN)
    return read(entrance, callback, evidence, path)


def verify(entrance: Entrance, callback: Callback) -> Evidence:
    """How sure we may be of a callback; whatever goes wrong while verifying is a refusal."""
    try:
        return entrance.adapter.verify(callback)
    except AuthenticityError:
        raise
    except Exception as error:
        log.exception("verification_failed", account_id=str(entrance.account.id))
        raise AuthenticityError("malformed", "the request could not be verified") from error


def read(entrance: Entrance, callback: Callback, evidence: Evidence, path: str) -> Delivery:
    """What an authentic callback states; never raises, since from here on it is ours."""
    own_id = uuid7()
    events: tuple[FaxEvent, ...] = ()
    reason = None
    try:
        events = entrance.adapter.normalize(callback)
    except UnreadableError as error:
        reason = str(error)
    except Exception as error:
        log.exception("callback_not_read", callback_id=str(own_id))
        reason = f"internal: {type(error).__name__}"
    events = tuple(
        event if event.evidence is evidence else event._replace(evidence=evidence)
        for event in events
    )
    digest = events[0].digest if len(events) == 1 else _raw_digest(callback, path)
    return Delivery(own_id, entrance, path, callback, evidence, digest, events, reason)


def _unread(delivery: Delivery, reason: str) -> Delivery:
    digest = _raw_digest(delivery.callback, delivery.path)
    return replace(delivery, digest=digest, events=(), reason=reason)


def _raw_digest(callback: Callback, path: str) -> bytes:
    """Tells requests apart that could not be read: all that the provider sent."""
    parts = (callback.method, path, callback.query, callback.headers.get("content-type", ""))
    head = "\0".join(parts).encode("utf-8", "surrogateescape")
    return sha256(b"raw\0" + head + b"\0" + callback.body).digest()
