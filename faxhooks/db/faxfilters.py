"""Which faxes are asked for, as conditions that the indexes serve.

Every filter has an index path or a reason to have none. `account`, `provider` and what a key
may see become account ids, `to` and `from` ranges of their index, `provider_fax_id` and
`tag.<name>` look into their own tables. `flag`, and what is open or has failed (by `status`,
`outcome` or `reason`), have small partial indexes, in which the rest of the filter passes over
what does not match. What succeeded and `direction` have none: they mean most faxes, so the
list is walked in its order, and only a word that hardly any fax has makes that long.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, false, or_, select, text, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from faxhooks.db.accounts import as_uuid
from faxhooks.db.models import AccountRow, FaxRow, ReferenceRow, TagRow
from faxhooks.domain.fax import FaxStatus, Outcome

_OPEN: Final[set[str]] = {Outcome.PENDING, Outcome.UNKNOWN}
_FAILED: Final[set[str]] = {Outcome.FAILURE, Outcome.CANCELED}
_LAST: Final = "\U0010ffff"
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxFilter:
    """Which faxes are asked for; an empty collection asks for all, several values for any of.

    A number or a provider's id that ends in `*` is a prefix. `after` bounds are inclusive,
    `before` bounds exclusive. `accounts` holds ids or labels. `tags` has the wanted values
    of each name. `visible` are the accounts that may be seen; None is all.
    """

    statuses: Collection[str] = ()
    outcomes: Collection[str] = ()
    reasons: Collection[str] = ()
    providers: Collection[str] = ()
    accounts: Collection[str] = ()
    directions: Collection[str] = ()
    recipients: Collection[str] = ()
    senders: Collection[str] = ()
    provider_fax_ids: Collection[str] = ()
    flags: Collection[str] = ()
    tags: Mapping[str, Collection[str]] = field(default_factory=dict)
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    visible: Collection[UUID] | None = None


class OfAccounts(Protocol):
    """What every filter says of accounts: those that are asked for, and those that may be seen."""

    @property
    def providers(self) -> Collection[str]: ...
    @property
    def accounts(self) -> Collection[str]: ...
    @property
    def visible(self) -> Collection[UUID] | None: ...


def conditions(session: Session, wanted: FaxFilter) -> list[Condition]:
    """What a fax row must meet; asks for the accounts first where the filter names some."""
    found = [
        any_account(session, FaxRow.account_id, wanted),
        _any_of(FaxRow.status, wanted.statuses),
        _any_of(FaxRow.outcome, wanted.outcomes),
        _any_of(FaxRow.reason, wanted.reasons),
        _any_of(FaxRow.direction, wanted.directions),
        _any_beginning(FaxRow.recipient, wanted.recipients),
        _any_beginning(FaxRow.sender, wanted.senders),
        _any_reference(wanted.provider_fax_ids),
        _any_flag(wanted.flags),
        _of_a_few(wanted),
        *(_tagged(name, values) for name, values in wanted.tags.items()),
        *between(FaxRow.created_at, wanted.created_after, wanted.created_before),
        *between(FaxRow.updated_at, wanted.updated_after, wanted.updated_before),
    ]
    return [condition for condition in found if condition is not None]


def _any_of(column: InstrumentedAttribute[Any], values: Collection[str]) -> Condition | None:
    return column.in_(values) if values else None


def _any_beginning(column: InstrumentedAttribute[Any], values: Collection[str]) -> Condition | None:
    if not values:
        return None
    exact = [value for value in values if not value.endswith("*")]
    prefixes = [value[:-1] for value in values if value.endswith("*")]
    either = [column.in_(exact)] if exact else []
    return or_(*either, *(_begins_with(column, prefix) for prefix in prefixes))


def _begins_with(column: InstrumentedAttribute[Any], prefix: str) -> Condition:
    """A range, which any ordinary index on a byte-wise compared column serves."""
    beyond = _beyond(prefix)
    if beyond is None:
        return and_(column.is_not(None), column >= prefix)
    return and_(column >= prefix, column < beyond)


def _beyond(prefix: str) -> str | None:
    """The least text greater than all that begin so; None where there is no greater one."""
    kept = prefix.rstrip(_LAST)
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    # Surrogates are no characters: UTF-8 has none, and no database takes one.
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)


def any_account(
    session: Session, column: InstrumentedAttribute[UUID], wanted: OfAccounts
) -> Condition | None:
    """By id, since that is what the rows have; asks for the accounts where some are named."""
    found = account_ids(session, wanted)
    if found is None:
        return None
    return column.in_(found) if found else false()


def account_ids(session: Session, wanted: OfAccounts) -> Collection[UUID] | None:
    """The accounts that are meant, of those that may be seen; None is all of them."""
    visible = wanted.visible
    if not wanted.accounts and not wanted.providers:
        return visible
    statement = select(AccountRow.id)
    if wanted.accounts:
        ids = [id_ for name in wanted.accounts if (id_ := as_uuid(name))]
        named = or_(AccountRow.label.in_(wanted.accounts), AccountRow.id.in_(ids))
        statement = statement.where(named)
    if wanted.providers:
        statement = statement.where(AccountRow.provider.in_(wanted.providers))
    return {id_ for id_ in session.scalars(statement) if visible is None or id_ in visible}


def _any_reference(values: Collection[str]) -> Condition | None:
    found = _any_beginning(ReferenceRow.reference, values)
    return None if found is None else FaxRow.id.in_(select(ReferenceRow.fax_id).where(found))


def _any_flag(flags: Collection[str]) -> Condition | None:
    """With the very words of the partial index, so that it is seen to serve."""
    if not flags:
        return None
    column = type_coerce(FaxRow.flags, Text)
    return and_(text("faxes.flags <> ''"), or_(*(column.like(f"% {flag} %") for flag in flags)))


def _of_a_few(wanted: FaxFilter) -> Condition | None:
    """Says nothing new, but in the very words of the partial indexes of open faxes and of
    failed ones, so that they are seen to serve.
    """
    outcomes: set[str] = {FaxStatus(status).outcome for status in wanted.statuses}
    outcomes = outcomes or set(wanted.outcomes) or (_FAILED if wanted.reasons else set())
    if not outcomes:
        return None
    if outcomes <= _OPEN:
        return text("faxes.outcome IN ('pending', 'unknown')")  # type: ignore[return-value]
    if outcomes <= _FAILED:
        return text("faxes.outcome IN ('failure', 'canceled')")  # type: ignore[return-value]
    return None


def _tagged(name: str, values: Collection[str]) -> Condition:
    found = select(TagRow.fax_id).where(TagRow.name == name, TagRow.value.in_(values))
    return FaxRow.id.in_(found)


def between(
    column: InstrumentedAttribute[datetime], after: datetime | None, before: datetime | None
) -> list[Condition]:
    """From `after` on, and not from `before` on."""
    bounds = [] if after is None else [column >= after]
    return bounds if before is None else [*bounds, column < before]
