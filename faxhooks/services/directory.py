"""Looking an account up by its hook token, from memory.

The whole directory is read anew every few seconds at most, so that a callback costs no
query and a disabled account is off within seconds in every process.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from faxhooks.db import accounts
from faxhooks.db.engine import Database
from faxhooks.db.models import HookTokenRow
from faxhooks.domain.errors import NotFoundError, UnavailableError
from faxhooks.providers.base import Adapter, Provider
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.accounts import Account, Accounts, token_hash

log = structlog.get_logger()

FRESH_SECONDS: Final = 2.0
_UNKNOWN_SECONDS: Final = 0.5
_READ_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Entrance:
    """An account's way in: whose it is, and the adapter that reads its callbacks."""

    account: Account
    provider: Provider
    adapter: Adapter


@dataclass(frozen=True, slots=True)
class _Snapshot:
    read_at: float
    by_token: Mapping[tuple[str, bytes], Entrance]
    by_account: Mapping[UUID, Entrance]


class Directory:
    """Every account with its adapter, kept in memory and never older than `FRESH_SECONDS`."""

    def __init__(self, database: Database, accounts_: Accounts) -> None:
        self._database = database
        self._accounts = accounts_
        self._snapshot: _Snapshot | None = None
        self._tried_at = float("-inf")
        self._reading = threading.Lock()

    def find(self, provider: str, token: str) -> Entrance:
        """The account of a hook URL. Raises NotFoundError when there is none or it is off.

        A token we do not know may be that of a brand-new account, so it looks again at most
        twice a second, however many such requests come.
        """
        key = (provider, token_hash(token))
        found = self._current(FRESH_SECONDS).by_token.get(key)
        found = found or self._current(_UNKNOWN_SECONDS).by_token.get(key)
        if found is None or found.account.disabled_at is not None:
            raise NotFoundError("there is no such hook")
        return found

    def peek(self, provider: str, token: str) -> Entrance | None:
        """What `find` would return, where that takes neither a query nor a wait, else None."""
        snapshot = self._snapshot
        if snapshot is None or self._age() >= FRESH_SECONDS:
            return None
        found = snapshot.by_token.get((provider, token_hash(token)))
        return found if found is not None and found.account.disabled_at is None else None

    def get(self, account_id: UUID) -> Entrance:
        """The account of this id, a disabled one too. Raises NotFoundError."""
        found = self._current(FRESH_SECONDS).by_account.get(account_id)
        if found is None:
            raise NotFoundError("there is no such account")
        return found

    def list_of(self, provider: str) -> list[Entrance]:
        """All accounts of a provider, disabled ones too."""
        found = self._current(FRESH_SECONDS).by_account.values()
        return [entrance for entrance in found if entrance.provider.name == provider]

    def _current(self, seconds: float) -> _Snapshot:
        """The directory, read again when it is older than this.

        One thread reads; the others go on with what there is, since behind a database that
        hangs they would queue up here.
        """
        snapshot = self._snapshot
        if snapshot is not None and self._age() < seconds:
            return snapshot
        if not self._reading.acquire(blocking=snapshot is None):
            return snapshot or self._current(seconds)
        try:
            return self._refreshed(seconds)
        finally:
            self._reading.release()

    def _refreshed(self, seconds: float) -> _Snapshot:
        """Read again, unless another thread just did; an old directory beats none at all."""
        snapshot = self._snapshot
        if self._age() < seconds:
            if snapshot is None:
                raise UnavailableError("the accounts could not be read just now; try again")
            return snapshot
        try:
            self._snapshot = self._database.read(self._read, seconds=_READ_SECONDS)
        except UnavailableError:
            if snapshot is None:
                raise
            log.warning("directory_is_old", seconds=round(time.monotonic() - snapshot.read_at, 1))
            return snapshot
        finally:
            self._tried_at = time.monotonic()
        return self._snapshot

    def _age(self) -> float:
        """Seconds since it was read, or since that was last tried in vain."""
        return time.monotonic() - self._tried_at

    def _read(self, session: Session) -> _Snapshot:
        tokens: dict[UUID, list[HookTokenRow]] = defaultdict(list)
        for token in accounts.list_hook_tokens(session):
            tokens[token.account_id].append(token)
        by_token, by_account = {}, {}
        for row in accounts.list_accounts(session):
            account = self._accounts.build(row, tokens[row.id])
            provider = PROVIDERS.get(row.provider)
            if provider is None:  # Of another release; the others' callbacks go on.
                log.error("account_of_unknown_provider", account_id=str(row.id))
                continue
            adapter = provider.adapter(account.config, account.hook_url)
            entrance = Entrance(account, provider, adapter)
            by_account[row.id] = entrance
            for token in tokens[row.id]:
                by_token[row.provider, token.token_hash] = entrance
        return _Snapshot(time.monotonic(), by_token, by_account)
