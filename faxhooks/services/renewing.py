"""An account's credentials are renewed once, however many processes ask at the same time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.askings import add_asking, lock_asking
from faxhooks.db.engine import Database
from faxhooks.providers.asking import AwayError, Renew, Values
from faxhooks.services.accounts import Accounts

_HELD: Final = timedelta(seconds=90)
"""Longer than any request for a token takes; who died meanwhile holds it for so long."""

_PATIENCE_SECONDS: Final = 100.0
_LOOK_SECONDS: Final = 0.2


class Renewal:
    """The way in which one account's credentials are renewed and kept; call it as `Renewing`.

    No transaction stays open while the provider is asked: on SQLite it would stop all others.
    """

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        account_id: UUID,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._account_id = account_id
        self._sleep = sleep

    def __call__(self, renew: Renew) -> Values:
        """What `renew` gave, once it is kept. Raises ProviderError."""
        self._wait()
        config = self._database.read(self._newest)
        try:
            fresh = renew(config)
        except BaseException:
            self._database.write(self._let_go)
            raise
        self._database.write(lambda session: self._keep(session, fresh, config))
        return fresh

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._database.write(self._take):
            if time.monotonic() > until:
                raise AwayError("another process renews the account's tokens; ask again later")
            self._sleep(_LOOK_SECONDS)

    def _take(self, session: Session) -> bool:
        now = datetime.now(UTC)
        add_asking(session, self._account_id, now, now)
        asking = lock_asking(session, self._account_id)
        if asking is None or (asking.renewing_until is not None and asking.renewing_until > now):
            return False
        asking.renewing_until = now + _HELD
        return True

    def _newest(self, session: Session) -> Values:
        return self._accounts.get(session, str(self._account_id)).config

    def _keep(self, session: Session, fresh: Values, config: Values) -> None:
        changed = {name: value for name, value in fresh.items() if config.get(name) != value}
        if changed:
            self._accounts.rotate(session, str(self._account_id), changed)
        self._let_go(session)

    def _let_go(self, session: Session) -> None:
        asking = lock_asking(session, self._account_id)
        if asking is not None:
            asking.renewing_until = None
