"""Which account carries a fax: the one that was named, or the only one that can."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from faxhooks.domain.errors import NotFoundError
from faxhooks.providers.registry import get_provider
from faxhooks.providers.sending import FieldFault, InvalidOrderError, Sender
from faxhooks.services.accounts import Account
from faxhooks.services.directory import Entrance
from faxhooks.services.parts import Parts
from faxhooks.services.renewing import Renewal

ACCOUNT: Final = "account"


class Carriers:
    """Finds the account for a fax, and makes what sends with it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def choose(self, name: str | None, visible: Collection[UUID] | None) -> Entrance:
        """The account of this label or id, else the only one that can send, of those that may
        be seen. Raises InvalidOrderError.
        """
        seen = [each for each in self._accounts() if visible is None or each.id in visible]
        if name is not None:
            seen = [each for each in seen if name in (each.label, str(each.id))]
            if not seen:
                raise fault_of_account("there is no such account")
        able = [each for each in seen if each.disabled_at is None and self._can_send(each)]
        if name is not None and not able:
            raise fault_of_account(
                "cannot send: it is disabled, or lacks the credentials that sending takes"
            )
        if len(able) != 1:
            raise fault_of_account(
                "name the account to send with: several can"
                if able
                else "no account can send; add one with the credentials that sending takes"
            )
        return self._entrance(able[0])

    def get(self, account_id: UUID) -> Entrance:
        """An account by its id, as it is now. Raises NotFoundError."""
        accounts = self._parts.accounts
        return self._entrance(
            self._parts.database.read(lambda session: accounts.get(session, str(account_id)))
        )

    @contextmanager
    def sender(self, entrance: Entrance) -> Iterator[Sender | None]:
        """What sends with the account, for a while; None where it cannot."""
        make, account = entrance.provider.sender, entrance.account
        renewing = Renewal(self._parts.database, self._parts.accounts, account.id)
        sender = None if make is None else make(account.config, renewing)
        try:
            yield sender
        finally:
            if sender is not None:
                sender.close()

    def _accounts(self) -> list[Account]:
        return self._parts.database.read(self._parts.accounts.list_all)

    def _can_send(self, account: Account) -> bool:
        """An account of a provider that only another release knows has no entrance."""
        try:
            entrance = self._entrance(account)
        except NotFoundError:
            return False
        with self.sender(entrance) as sender:
            return sender is not None

    def _entrance(self, account: Account) -> Entrance:
        """With the account as it is now; the directory may be some seconds old."""
        provider = get_provider(account.provider)
        return Entrance(account, provider, provider.adapter(account.config, account.hook_url))


def fault_of_account(message: str) -> InvalidOrderError:
    """That the account that was named will not do."""
    return InvalidOrderError((FieldFault(ACCOUNT, message, "request.other"),))
