"""How far a set-up is gets found without everything that the account ever had being read."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from benchmarks.plans import explain, overheard
from faxhooks.db.arrivals import list_last_arrivals
from faxhooks.db.models import CallbackRow
from faxhooks.domain.fax import Evidence
from faxhooks.services.accounts import Account
from faxhooks.services.parts import Parts
from faxhooks.services.settingup import Progress, ask_progress
from tests.callbackrows import callback_row
from tests.story import make_service

T = TypeVar("T")

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
WEEK: Final = timedelta(days=7)
MINUTE: Final = timedelta(minutes=1)
WALK: Final = "callbacks ix_callbacks_received_at_id"

MANY: Final = {"loud", "lately", "silent", "asked"}
"""Accounts of which more callbacks are kept than are to be looked at one by one."""
LAST: Final = {
    "loud": NOW - MINUTE,
    "lately": NOW - timedelta(days=3),
    "quiet": NOW - timedelta(days=5),
}
"""When the last callback of each account came that had one in the week."""


def rows(accounts: dict[str, Account]) -> list[dict[str, Any]]:
    """In the order of their arrival."""
    old, signed, confirmed = NOW - timedelta(days=20), Evidence.SIGNED, Evidence.CONFIRMED
    came: list[tuple[str, datetime, Evidence]] = [
        *(("loud", NOW - MINUTE * n, signed) for n in range(1, 6_001)),
        *(("lately", old - MINUTE * n, signed) for n in range(1_500)),
        ("lately", LAST["lately"], Evidence.UNSIGNED),
        *(("silent", old - MINUTE * n, signed) for n in range(1_500)),
        *(("asked", NOW - MINUTE * n, confirmed) for n in range(1, 1_501)),
        ("quiet", old, signed),
        ("quiet", LAST["quiet"], signed),
        ("quiet", NOW - MINUTE, confirmed),
    ]
    came.sort(key=lambda each: each[1])
    return [callback_row(accounts[label].id, at, evidence=evidence) for label, at, evidence in came]


@pytest.fixture
def parts(database_url: str) -> Iterator[Parts]:
    found = make_service(database_url).parts
    labels = (*sorted(MANY), "quiet", "new")

    def fill(session: Session) -> None:
        accounts = {each: found.accounts.add(session, "faxplus", each, {}) for each in labels}
        session.execute(insert(CallbackRow), rows(accounts))

    found.database.write(fill, seconds=60)
    if not found.database.is_sqlite:
        with found.database.engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.execute(text("VACUUM (ANALYZE) callbacks"))
    yield found
    found.database.engine.dispose()


def followed(parts: Parts, work: Callable[[Session], T]) -> tuple[T, str]:
    """What `work` finds, and how it looked for callbacks."""
    with overheard(parts.database) as heard:
        found = parts.database.read(work)
    return found, explain(parts.database, [each for each in heard if "callbacks" in each.text])


def progress_of(parts: Parts, label: str) -> tuple[Progress, str]:
    """How far the account of this label is."""

    def ask(session: Session) -> Progress:
        account = parts.accounts.get(session, label)
        return ask_progress(session, account, "Fax.Plus", NOW, visible=None)

    return followed(parts, ask)


def test_the_last_callback_is_found_however_often_an_account_is_called(parts: Parts) -> None:
    for label in (*MANY, "quiet", "new"):
        progress, _ = progress_of(parts, label)
        last = progress.latest and datetime.fromisoformat(progress.latest["received_at"])
        assert last == LAST.get(label), label
        assert progress.has_called is (label in (*LAST, "silent")), label


def test_what_an_account_ever_had_is_neither_all_read_nor_sorted(parts: Parts) -> None:
    for label in MANY:
        _, ways = progress_of(parts, label)
        assert WALK in ways, label
        assert "sort" not in ways, label
        assert "ALL OF" not in ways, label


def test_for_a_quiet_account_those_of_the_others_are_not_passed_over(parts: Parts) -> None:
    for label in ("quiet", "new"):
        _, ways = progress_of(parts, label)
        assert WALK not in ways, label
        assert "ALL OF" not in ways, label
        assert "PASSES OVER" not in ways, label


def test_what_was_last_heard_of_an_account_is_found_in_the_same_way(parts: Parts) -> None:
    ids = {each.label: each.id for each in parts.database.read(parts.accounts.list_all)}
    last = {**LAST, "asked": NOW - MINUTE, "quiet": NOW - MINUTE}  # By whatever it came.
    for label, account_id in ids.items():
        found, ways = followed(
            parts, lambda session, each=account_id: list_last_arrivals(session, NOW - WEEK, [each])
        )
        assert found.get(account_id) == last.get(label), label
        assert "ALL OF" not in ways, label
        assert label not in MANY or "sort" not in ways, label
