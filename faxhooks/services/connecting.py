"""Which hooks a provider has registered for an account, and how ours come there and go.

The few requests that a person's command takes are not counted in the budget of the workers.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from faxhooks.domain.errors import ConflictError, SettingsError
from faxhooks.providers.connecting import Hook, HookClient
from faxhooks.providers.registry import PROVIDERS, get_provider
from faxhooks.services.accounts import Account
from faxhooks.services.auditing import Action, note
from faxhooks.services.parts import Parts
from faxhooks.services.renewing import Renewal


class Standing(StrEnum):
    """What a registered hook is to the account.

    An `old` one is ours and not the newest: of before a rotation, or of another PUBLIC_URL. Of
    `other` ones no more is known than that they are not this account's.
    """

    CURRENT = "current"
    OLD = "old"
    OTHER = "other"


@dataclass(slots=True)
class Changes:
    """What was registered and what was removed, so far."""

    added: list[Hook] = field(default_factory=list)
    removed: list[Hook] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Connection:
    """The hooks that the provider has registered, each with what it is to the account, and what
    was just changed about them; `events` are those that an account needs.
    """

    events: tuple[str, ...]
    hooks: tuple[tuple[Hook, Standing], ...]
    changes: Changes = field(default_factory=Changes)

    @property
    def missing(self) -> list[str]:
        """The events that nobody reports to the account's hook URL."""
        reported = {hook.event for hook in self.of(Standing.CURRENT)}
        return [event for event in self.events if event not in reported]

    def of(self, *standings: Standing) -> list[Hook]:
        """The hooks that are one of these to the account."""
        return [hook for hook, standing in self.hooks if standing in standings]

    def after(self, changes: Changes) -> "Connection":
        """With what was changed since it was listed."""
        left = [each for each in self.hooks if each[0] not in changes.removed]
        new = [(hook, Standing.CURRENT) for hook in changes.added]
        return replace(self, hooks=(*left, *new), changes=changes)


class Connector:
    """Asks providers which hooks they have, and has ours registered or removed.

    What asks or changes raises SettingsError for an account without credentials, and
    ProviderError; what was done before a fault is audited, and found done the next time.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def find(self, name: str) -> Account:
        """The account of this label or id. Raises NotFoundError."""
        return self._parts.database.read(lambda s: self._parts.accounts.get(s, name))

    def list_tellable(self) -> list[Account]:
        """The accounts that are turned on and whose provider may be asked what is registered."""
        accounts = self._parts.database.read(self._parts.accounts.list_all)
        telling = {name for name, provider in PROVIDERS.items() if provider.connect is not None}
        return [each for each in accounts if each.provider in telling and not each.disabled_at]

    def look(self, account: Account) -> Connection:
        """What is registered."""
        with self._client(account) as client:
            return self._listed(account, client)

    def connect(self, account: Account, *, drop_old: bool, actor: str) -> Connection:
        """Register what is missing, and only then end what is old, if that is wanted.

        Raises ConflictError for an account whose hook URL is turned off.
        """
        if account.disabled_at is not None:
            raise ConflictError(
                f"{account.label} is disabled, so its hook URL answers 404; "
                f"`faxhooks account enable {account.id}` turns it on"
            )
        with self._client(account) as client, self._audited(account, actor) as changes:
            found = self._listed(account, client)
            for event in found.missing:
                changes.added.append(client.add_hook(account.hook_url, event))
            if drop_old:
                _remove(client, found.of(Standing.OLD), changes)
        return found.after(changes)

    def disconnect(self, account: Account, *, actor: str) -> Connection:
        """End every hook of ours, old ones too."""
        with self._client(account) as client, self._audited(account, actor) as changes:
            found = self._listed(account, client)
            _remove(client, found.of(Standing.CURRENT, Standing.OLD), changes)
        return found.after(changes)

    @contextmanager
    def _client(self, account: Account) -> Iterator[HookClient]:
        provider = get_provider(account.provider)
        if provider.connect is None:
            raise SettingsError(
                f"{provider.title} does not tell by its API which hooks it has; "
                f"`faxhooks account connect {account.id}` says what to enter there"
            )
        renewing = Renewal(self._parts.database, self._parts.accounts, account.id)
        client = provider.connect(account.config, renewing)
        if client is None:
            raise SettingsError(
                f"{account.label} has no credentials for the provider's API; "
                "`faxhooks account rotate` takes them, or register the hook URL by hand: "
                f"`faxhooks account connect {account.id} --guide` says where"
            )
        with closing(client):
            yield client

    def _listed(self, account: Account, client: HookClient) -> Connection:
        accounts = self._parts.database.read(self._parts.accounts.list_all)
        others = {url for each in accounts if each.id != account.id for url in each.hook_urls}
        hooks = ((hook, _standing(hook.target, account, others)) for hook in client.list_hooks())
        return Connection(client.hook_events, tuple(hooks))

    @contextmanager
    def _audited(self, account: Account, actor: str) -> Iterator[Changes]:
        """Whatever was changed when it ends, however it ends, is written down."""
        changes, subject = Changes(), f"account:{account.id}"

        def work(session: Session) -> None:
            for action, hooks in (
                (Action.ACCOUNT_CONNECTED, changes.added),
                (Action.ACCOUNT_DISCONNECTED, changes.removed),
            ):
                if hooks:
                    events = [hook.event for hook in hooks]
                    ids = [hook.id for hook in hooks]
                    note(session, actor, action, subject, events=events, hooks=ids)

        try:
            yield changes
        finally:
            if changes.added or changes.removed:
                self._parts.database.write(work)


def _remove(client: HookClient, hooks: list[Hook], changes: Changes) -> None:
    for hook in hooks:
        client.remove_hook(hook.id)
        changes.removed.append(hook)


def _standing(target: str, account: Account, others: set[str]) -> Standing:
    """Ours are known by their tokens, and by an address that only this service has."""
    if target == account.hook_url:
        return Standing.CURRENT
    own = {urlsplit(url).path for url in account.hook_urls}
    place = account.hook_url.rpartition("/")[0] + "/"
    if urlsplit(target).path in own or (target.startswith(place) and target not in others):
        return Standing.OLD
    return Standing.OTHER
