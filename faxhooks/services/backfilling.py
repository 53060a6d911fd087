"""An account's past is taken in from its provider's lists, when somebody asks for it."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from faxhooks.domain.errors import SettingsError
from faxhooks.providers.asking import AwayError
from faxhooks.services.auditing import Action, note
from faxhooks.services.desks import Clock, Desks, utc_now
from faxhooks.services.heeding import Desk
from faxhooks.services.parts import Parts
from faxhooks.services.sweeping import AHEAD, Sweeper, Swept

LONGEST_PAUSE: Final = timedelta(minutes=10)
"""How long the budget, or a provider that wants to be left alone, is waited for."""


class Backfill:
    """Reads the lists of one account; safe to repeat, and to break off."""

    def __init__(
        self,
        parts: Parts,
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._parts = parts
        self._desks = Desks(parts)
        self._clock = clock
        self._sleep = sleep
        self._heard_at = clock()

    def run(self, label: str, since: datetime, *, actor: str) -> Iterator[Swept]:
        """Take in what the account's provider lists since then, page by page.

        Raises NotFoundError; SettingsError for an account that cannot be asked; ProviderError
        when the provider does not answer, after which what was read so far stays.
        """
        desk = self._find(label)
        with self._desks.client(desk.entrance) as client:
            if client is None or not desk.terms.askable:
                raise SettingsError(
                    f"{label} cannot be asked: it is disabled or has no credentials for the API; "
                    "`faxhooks account rotate` takes them"
                )
            self._audit(desk, since, actor)
            sweeper, until = Sweeper(self._parts.database, self._clock, self._wait), self._clock()
            for swept in sweeper.sweep(desk, client, since, until + AHEAD):
                self._heard_at = self._clock()
                yield swept

    def _find(self, label: str) -> Desk:
        account = self._parts.database.read(lambda s: self._parts.accounts.get(s, label))
        return self._desks.get(account.id)

    def _audit(self, desk: Desk, since: datetime, actor: str) -> None:
        subject = f"account:{desk.account_id}"

        def work(session: Session) -> None:
            note(session, actor, Action.FAXES_RECONCILED, subject, since=since.isoformat())

        self._parts.database.write(work)

    def _wait(self, seconds: float) -> bool:
        if self._clock() - self._heard_at > LONGEST_PAUSE:
            raise AwayError("the provider wants to be left alone for long; try again later")
        self._sleep(seconds)
        return False
