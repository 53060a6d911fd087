"""What a service believes of its faxes, held against the rules as they read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from faxhooks.db import history
from faxhooks.db.models import FaxRow
from faxhooks.domain.fax import FaxState, Verdict
from tests.domain.plain_rules import FINALS, plain_fold
from tests.faults.proof import Finding
from tests.story import Service


@dataclass(frozen=True)
class Believed:
    """A fax as it is stored, and what the rules make of its events."""

    row: FaxRow
    entries: list[history.Entry]
    ruled: FaxState

    @property
    def verdicts(self) -> list[Verdict]:
        """What each event did, in order of arrival."""
        return [entry.verdict for entry in self.entries]

    @property
    def poll_at(self) -> datetime | None:
        """When the provider is to be asked."""
        return self.row.next_poll_at

    def reopened(self) -> bool:
        """Whether it was final, and then open again."""
        after = [entry.status_after in FINALS for entry in self.entries]
        return after != sorted(after)

    def expect_ruled(self, finding: Finding, story: object) -> None:
        """Note what is stored otherwise than the rules say."""
        stored = (self.row.status, sorted(self.row.flags), self.row.events)
        ruled = (str(self.ruled.status), sorted(map(str, self.ruled.flags)), self.ruled.events)
        finding.expect(stored == ruled, f"{story} is {ruled}, not {stored}")
        asked = self.poll_at is not None
        finding.expect(asked is self.ruled.asks_poll, f"{story} asks for a poll as the rules say")
        finding.expect(not self.reopened(), f"{story} stays final once it is")


def believed(service: Service) -> Mapping[str, Believed]:
    """Every fax, by the provider's main id."""

    def ask(session: Any) -> dict[str, Believed]:
        rows = session.scalars(select(FaxRow).where(FaxRow.merged_into.is_(None))).all()
        entries: Mapping[UUID, list[history.Entry]] = {}
        entries = history.list_entries(session, [row.id for row in rows])
        return {
            row.provider_fax_id: Believed(
                row, entries[row.id], plain_fold(entry.event for entry in entries[row.id])
            )
            for row in rows
        }

    return service.parts.database.read(ask, seconds=60)
