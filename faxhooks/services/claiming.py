"""Which fax is a fact about? The one its ids lead to, a new one, or several that are one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import faxes, history, references, tags
from faxhooks.db.engine import BeginAgainError
from faxhooks.db.history import Entry
from faxhooks.db.references import Key
from faxhooks.domain.fax import FaxEvent

_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """An event on its way into the history of a fax of this account."""

    home: faxes.Home
    event: FaxEvent
    callback_id: UUID | None = None

    @property
    def keys(self) -> list[Key]:
        """The ids that identify its fax."""
        return [
            (self.home.account_id, reference.id)
            for reference in self.event.references
            if not reference.shared
        ]


@dataclass(frozen=True, slots=True)
class Claim:
    """The fax of each fact; which of them have rows, all locked; which took others over."""

    fax_ids: list[UUID]
    existing: frozenset[UUID]
    merged: frozenset[UUID]


def claim_faxes(session: Session, facts: Sequence[Fact]) -> Claim:
    """Find, make or merge the fax of each fact, and lock those that exist.

    Looking before inserting would lose races between first callbacks, and a row that is
    not there cannot be locked. So ids are claimed by insert first; who loses a claim looks
    again, and sees the winner's fax, since the insert waited for the winner's commit. When a
    fax was merged away between looking and locking, all begins again without a lock: to go on
    with the locks of the wrong fax could block another for good.
    """
    fresh: set[UUID] = set()
    for _ in range(_ROUNDS):
        known = references.find_faxes(session, {key for fact in facts for key in fact.keys})
        groups = _groups(facts, known, fresh)
        missing = {key: group.fax_id for group in groups for key in group.keys if key not in known}
        fresh |= {group.fax_id for group in groups if not group.found}
        if references.add_references(session, missing, shared=False) < len(missing):
            continue
        found = {fax_id for group in groups for fax_id in group.found}
        if any(faxes.lock_faxes(session, found - fresh).values()):
            break
        merged = [_merge(session, group, fresh) for group in groups if len(group.found) > 1]
        fax_of = {index: group.fax_id for group in groups for index in group.members}
        _add_shared(session, facts, fax_of)
        fax_ids = [fax_of[index] for index in range(len(facts))]
        return Claim(fax_ids, frozenset(set(fax_ids) - fresh), frozenset(merged) - fresh)
    raise BeginAgainError("a fax was merged away before it was locked")


@dataclass(slots=True, eq=False)
class _Group:
    """Facts that share an id, and the faxes that these ids are known to lead to."""

    members: list[int]
    keys: set[Key]
    found: set[UUID]
    fax_id: UUID


def _groups(
    facts: Sequence[Fact], known: Mapping[Key, UUID], fresh: Collection[UUID]
) -> list[_Group]:
    """Facts that share an id, directly or through a fax, belong to one fax: the oldest.

    A fax of our own making that has no row yet gives way to any that has.
    """
    groups: dict[_Group, None] = {}
    group_of: dict[Key | UUID, _Group] = {}
    for index, fact in enumerate(facts):
        keys = set(fact.keys)
        found = {known[key] for key in keys if key in known}
        group = _Group([index], keys, found, uuid7())
        names: list[Key | UUID] = [*keys, *found]
        for other in {group_of[name] for name in names if name in group_of}:
            del groups[other]
            group.members += other.members
            group.keys |= other.keys
            group.found |= other.found
        groups[group] = None
        group_of |= dict.fromkeys((*group.keys, *group.found), group)
    for group in groups:
        group.fax_id = min(group.found.difference(fresh) or group.found, default=group.fax_id)
    return list(groups)


def place(facts: Sequence[Fact], known: Mapping[Key, UUID]) -> list[UUID] | None:
    """The fax of each fact, where these are known; None when faxes would have to be merged."""
    fax_of: dict[int, UUID] = {}
    for group in _groups(facts, known, ()):
        if len(group.found) > 1:
            return None
        for index in group.members:
            fax_of[index] = group.fax_id
    return [fax_of[index] for index in range(len(facts))]


def _merge(session: Session, group: _Group, fresh: Collection[UUID]) -> UUID:
    """Two faxes turned out to be one: the older takes over ids, history and tags of the others.

    The events keep what they did when they arrived; only their numbers change, so that the
    one history is in order of arrival again.
    """
    losers = group.found - {group.fax_id}
    references.move_references(session, losers, group.fax_id)
    losers -= set(fresh)
    if losers:
        both = history.list_entries(session, group.found)
        history.delete_entries(session, group.found)
        history.add_entries(session, _renumbered(both.values(), group.fax_id))
        faxes.mark_merged(session, losers, group.fax_id)
        tags.inherit_tags(session, losers, group.fax_id)
    return group.fax_id


def _renumbered(histories: Iterable[Sequence[Entry]], fax_id: UUID) -> list[Entry]:
    entries = sorted(
        (entry for found in histories for entry in found),
        key=lambda entry: (entry.event.received_at, entry.seq, entry.event.digest),
    )
    distinct = {entry.event.digest: entry for entry in reversed(entries)}
    kept = [entry for entry in entries if distinct[entry.event.digest] is entry]
    return [replace(entry, fax_id=fax_id, seq=seq) for seq, entry in enumerate(kept, start=1)]


def _add_shared(session: Session, facts: Sequence[Fact], fax_of: Mapping[int, UUID]) -> None:
    """Ids that several faxes may have only help to find them."""
    for key, fax_id in shared_ids(facts, fax_of):
        references.add_references(session, {key: fax_id}, shared=True)


def shared_ids(
    facts: Sequence[Fact], fax_of: Mapping[int, UUID] | Sequence[UUID]
) -> list[tuple[Key, UUID]]:
    """The ids that these facts share with others, each with the fax that it helps to find."""
    return sorted(
        {
            ((fact.home.account_id, reference.id), fax_of[index])
            for index, fact in enumerate(facts)
            for reference in fact.event.references
            if reference.shared
        }
    )
