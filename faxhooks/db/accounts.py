"""Accounts and the tokens in their hook URLs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from faxhooks.db.models import AccountRow, HookTokenRow
from faxhooks.domain.errors import NotFoundError


def list_accounts(session: Session) -> Sequence[AccountRow]:
    """Every account, disabled ones too, in order of their labels."""
    return session.scalars(select(AccountRow).order_by(AccountRow.label)).all()


def find_account(session: Session, label: str) -> AccountRow | None:
    """The account of this label."""
    return session.scalars(select(AccountRow).where(AccountRow.label == label)).one_or_none()


def get_account(session: Session, name: str) -> AccountRow:
    """An account by its label or its id; raises NotFoundError."""
    row = find_account(session, name)
    if row is None:
        row = session.get(AccountRow, found) if (found := as_uuid(name)) else None
    if row is None:
        raise NotFoundError(f"there is no account {name!r}; see `faxhooks account list`")
    return row


def list_hook_tokens(session: Session, account_id: UUID | None = None) -> Sequence[HookTokenRow]:
    """Hook tokens, newest first, of one account or of all."""
    statement = select(HookTokenRow).order_by(HookTokenRow.created_at.desc())
    if account_id is not None:
        statement = statement.where(HookTokenRow.account_id == account_id)
    return session.scalars(statement).all()


def delete_hook_tokens(session: Session, account_id: UUID, *, before: datetime) -> None:
    """Drop this account's tokens that were made before this moment."""
    session.execute(
        delete(HookTokenRow).where(
            HookTokenRow.account_id == account_id, HookTokenRow.created_at < before
        )
    )


def as_uuid(text: str) -> UUID | None:
    """The id this text spells, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None
