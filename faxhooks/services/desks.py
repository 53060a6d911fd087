"""The accounts there are, and how each of their providers is asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from faxhooks.domain.errors import NotFoundError
from faxhooks.providers.asking import Client
from faxhooks.services.budgeting import pace_of
from faxhooks.services.directory import Entrance
from faxhooks.services.enrolling import AllTerms, terms_of
from faxhooks.services.heeding import Desk
from faxhooks.services.parts import Parts
from faxhooks.services.renewing import Renewal

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """What time it is."""
    return datetime.now(UTC)


class Desks:
    """Makes what asking takes, from the accounts as they are now."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def list_all(self) -> list[Desk]:
        """Every account, whether it can be asked or not."""
        accounts = self._parts.database.read(self._parts.accounts.list_all)
        found = [self._find(account.id) for account in accounts]
        return [self.of(entrance) for entrance in found if entrance is not None]

    def get(self, account_id: UUID) -> Desk:
        """One account. Raises NotFoundError."""
        return self.of(self._parts.directory.get(account_id))

    def of(self, entrance: Entrance) -> Desk:
        """How that account is asked; a disabled one is not."""
        with self.client(entrance) as client:
            askable = client is not None and entrance.account.disabled_at is None
        terms = terms_of(entrance, askable=askable)
        return Desk(entrance, terms, pace_of(entrance), self._parts.release)

    @contextmanager
    def client(self, entrance: Entrance) -> Iterator[Client | None]:
        """A client of the account, for a while; None for one without credentials."""
        make, account = entrance.provider.client, entrance.account
        renewing = Renewal(self._parts.database, self._parts.accounts, account.id)
        client = None if make is None else make(account.config, renewing)
        try:
            yield client
        finally:
            if client is not None:
                client.close()

    def _find(self, account_id: UUID) -> Entrance | None:
        """The account of a provider that only another release knows has no entrance."""
        try:
            return self._parts.directory.get(account_id)
        except NotFoundError:
            return None


def terms_of_all(desks: list[Desk]) -> AllTerms:
    """What is agreed with each account."""
    return {desk.account_id: desk.terms for desk in desks}
