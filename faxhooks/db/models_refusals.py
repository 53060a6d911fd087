"""The tables of what was refused: only counted, but for an account that is being set up."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from faxhooks.db.models import Row
from faxhooks.db.types import JsonText

NOBODY: Final = UUID(int=0)
"""In place of the account where none is known, as of a hook URL that nobody has."""


class RefusalRow(Row):
    """How many requests to an account's hook were refused for a cause within an hour."""

    __tablename__ = "refusals"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)


class SetupRow(Row):
    """An account that somebody watches, and `facts` of the last request that it refused.

    They hold nothing of what that request said, and are replaced by the next one.
    """

    __tablename__ = "setups"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    watched_until: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    facts: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
