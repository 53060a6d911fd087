"""Accounts: added, rotated, turned off; and the directory every callback looks them up in."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import accounts
from faxhooks.db.models import AccountRow, HookTokenRow
from faxhooks.db.vault import Vault
from faxhooks.domain.errors import InvalidInputError
from faxhooks.providers.base import Config, Option
from faxhooks.providers.registry import get_provider
from faxhooks.services.auditing import SYSTEM, Action, note

TOKEN_BYTES = 24
Values = Mapping[str, Sequence[str]]
"""What was given for each option, by its name, newest first."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its owner sees it; `config` holds the secrets in the clear."""

    id: UUID
    provider: str
    label: str
    config: Config
    hook_urls: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None

    @property
    def hook_url(self) -> str:
        """The newest hook URL: the one to register; empty where there are no callbacks."""
        return next(iter(self.hook_urls), "")


class Accounts:
    """The verbs on accounts; `public_url` is what hook URLs begin with.

    Whatever changes an account is audited as the doing of `actor`, with the names of the
    options and never their values.
    """

    def __init__(self, vault: Vault, public_url: str) -> None:
        self._vault = vault
        self._public_url = public_url

    def add(
        self, session: Session, provider: str, label: str, values: Values, *, actor: str = SYSTEM
    ) -> Account:
        """Make an account and its hook token. Raises InvalidInputError naming the option."""
        options = get_provider(provider).options
        config = {option.name: _checked(option, values.get(option.name, ())) for option in options}
        label = label.strip()
        if not label or len(label) > 100:
            raise InvalidInputError("label", "give the account a label of 1 to 100 characters")
        if accounts.find_account(session, label) is not None:
            raise InvalidInputError("label", f"there is an account {label!r} already; pick another")
        now = datetime.now(UTC)
        row = AccountRow(
            id=uuid7(), provider=provider, label=label, created_at=now, disabled_at=None
        )
        self._write(row, config)
        session.add(row)
        session.flush()
        if get_provider(provider).has_hook:
            self._add_token(session, row.id)
        note(session, actor, Action.ACCOUNT_ADDED, f"account:{row.id}", provider=provider)
        return self.get(session, label)

    def get(self, session: Session, name: str) -> Account:
        """An account by label or id. Raises NotFoundError."""
        return self._read(session, accounts.get_account(session, name))

    def list_all(self, session: Session) -> list[Account]:
        """Every account, in order of the labels."""
        return [self._read(session, row) for row in accounts.list_accounts(session)]

    def rotate(
        self,
        session: Session,
        name: str,
        values: Values,
        *,
        token: bool = False,
        actor: str = SYSTEM,
    ) -> Account:
        """Put new values in front of the old ones, which stay good until `drop_old`.

        A value of an option that does not rotate is replaced. `token` makes a new hook URL.
        """
        row = accounts.get_account(session, name)
        if token and not get_provider(row.provider).has_hook:
            title = get_provider(row.provider).title
            raise InvalidInputError("hook-token", f"{title} has no callbacks, and so no hook URL")
        config = dict(self._config(row))
        for option in get_provider(row.provider).options:
            if given := values.get(option.name):
                kept = config.get(option.name, ()) if option.rotates else ()
                config[option.name] = (*_checked(option, given), *kept)
        self._write(row, config)
        if token:
            self._add_token(session, row.id)
        what, names = f"account:{row.id}", sorted(option for option in values if values[option])
        note(session, actor, Action.ACCOUNT_ROTATED, what, options=names, hook_token=token)
        return self._read(session, row)

    def drop_old(self, session: Session, name: str, *, actor: str = SYSTEM) -> Account:
        """Keep only the newest value of each option and the newest hook URL."""
        row = accounts.get_account(session, name)
        self._write(row, {key: values[:1] for key, values in self._config(row).items()})
        for newest in accounts.list_hook_tokens(session, row.id)[:1]:
            accounts.delete_hook_tokens(session, row.id, before=newest.created_at)
        note(session, actor, Action.ACCOUNT_DROPPED_OLD, f"account:{row.id}")
        return self._read(session, row)

    def set_disabled(
        self, session: Session, name: str, disabled: bool, *, actor: str = SYSTEM
    ) -> Account:
        """Turn the account's hook off, or on again; every process follows within seconds."""
        row = accounts.get_account(session, name)
        if disabled is not (row.disabled_at is not None):
            row.disabled_at = datetime.now(UTC) if disabled else None
            action = Action.ACCOUNT_DISABLED if disabled else Action.ACCOUNT_ENABLED
            note(session, actor, action, f"account:{row.id}")
        return self._read(session, row)

    def reseal(self, session: Session, *, actor: str = SYSTEM) -> int:
        """Encrypt every stored secret with the newest key, so that older ones may go.

        Returns how many accounts there are. Raises SettingsError when a key is missing.
        """
        rows = accounts.list_accounts(session)
        for row in rows:
            row.secrets = self._vault.seal(self._vault.open(row.secrets))
            note(session, actor, Action.ACCOUNT_RESEALED, f"account:{row.id}")
        for token in accounts.list_hook_tokens(session):
            token.token = self._vault.seal(self._vault.open(token.token))
        return len(rows)

    def _read(self, session: Session, row: AccountRow) -> Account:
        return self.build(row, accounts.list_hook_tokens(session, row.id))

    def build(self, row: AccountRow, tokens: Sequence[HookTokenRow]) -> Account:
        """An account from its row and its tokens, newest first."""
        base = f"{self._public_url}/hooks/{row.provider}"
        urls = tuple(f"{base}/{self._vault.open(token.token)}" for token in tokens)
        return Account(
            id=row.id,
            provider=row.provider,
            label=row.label,
            config=self._config(row),
            hook_urls=urls,
            created_at=row.created_at,
            disabled_at=row.disabled_at,
        )

    def _config(self, row: AccountRow) -> Config:
        values = {**row.options, **self._vault.open(row.secrets)}
        return {name: tuple(kept) for name, kept in values.items()}

    def _write(self, row: AccountRow, config: Config) -> None:
        hidden = {option.name for option in get_provider(row.provider).options if option.secret}
        row.options = {k: list(v) for k, v in config.items() if k not in hidden and v}
        row.secrets = self._vault.seal({k: v for k, v in config.items() if k in hidden and v})
        row.updated_at = datetime.now(UTC)

    def _add_token(self, session: Session, account_id: UUID) -> None:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session.add(
            HookTokenRow(
                token_hash=token_hash(token),
                account_id=account_id,
                token=self._vault.seal(token),
                created_at=datetime.now(UTC),
            )
        )
        session.flush()


def token_hash(token: str) -> bytes:
    """What a token is found by: comparing digests tells nothing about the token."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _checked(option: Option, given: Sequence[str]) -> tuple[str, ...]:
    values = tuple(given) or ((option.default,) if option.default is not None else ())
    if option.required and not any(value.strip() for value in values):
        raise InvalidInputError(option.name, f"--{option.name} is needed: {option.help}")
    if len(values) > 1 and not option.rotates:
        raise InvalidInputError(option.name, f"--{option.name} takes one value")
    try:
        return tuple(option.check(value) for value in values)
    except ValueError as error:
        raise InvalidInputError(option.name, f"--{option.name}: {error}") from None
