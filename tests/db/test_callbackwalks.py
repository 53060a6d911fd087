"""The callbacks of an account are listed without everything that it ever had being read."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from benchmarks.plans import explain, overheard
from faxhooks.db.callbacklists import (
    CallbackFilter,
    count_callbacks,
    list_ids,
    list_page,
    tally_reasons,
)
from faxhooks.db.callbackwalks import Position
from faxhooks.db.inbox import UnreadFilter, count_backlog, count_unread, list_unread
from faxhooks.db.models import CallbackRow
from faxhooks.domain.fax import Evidence, Verdict
from faxhooks.services.parts import Parts
from tests.callbackrows import callback_row
from tests.databases import Databases
from tests.story import make_service

T = TypeVar("T")
Row = dict[str, Any]

FIRST: Final = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
CAME: Final = 14_000
"""More than are gone through before an account's own are looked at."""
WALK: Final = "callbacks ix_callbacks_received_at_id"
LABELS: Final = ("loud", "steady", "silent", "quiet", "new")


def label_of(number: int) -> str:
    """Whose callback this is: of the first an account's that fell silent, then of two others';
    a quiet one has a few at any time.
    """
    if number % 2_000 == 7:
        return "quiet"
    if number < 3_000:
        return "silent" if number % 2 else "loud"
    return "steady" if number % 5 == 0 else "loud"


def row(number: int, accounts: dict[str, UUID]) -> Row:
    """Two in a row come at the same moment; hardly any is not understood or contradicts."""
    unread, received_at = number % 500 == 1, FIRST + MINUTE * (number // 2)
    verdict = Verdict.CONFLICT if number % 500 == 2 else Verdict.APPLIED
    return callback_row(
        accounts[label_of(number)],
        received_at,
        evidence=Evidence.SIGNED if number % 3 else Evidence.UNSIGNED,
        verdict=Verdict.UNRECOGNIZED if unread else verdict,
        reason="unknown status: teleported" if unread else None,
    )


class Inbox:
    """A service with callbacks of several accounts, and what is in it, newest first."""

    def __init__(self, parts: Parts) -> None:
        self.database = parts.database
        self.rows: list[Row] = []
        self.accounts: dict[str, UUID] = {}

        def fill(session: Session) -> None:
            added = [parts.accounts.add(session, "faxplus", each, {}) for each in LABELS]
            self.accounts = {each.label: each.id for each in added}
            self.rows = [row(number, self.accounts) for number in range(CAME)]
            session.execute(insert(CallbackRow), self.rows)

        self.database.write(fill, seconds=60)
        self.rows.sort(key=lambda each: (each["received_at"], each["id"]), reverse=True)
        if not self.database.is_sqlite:
            with self.database.engine.connect() as connection:
                alone = connection.execution_options(isolation_level="AUTOCOMMIT")
                alone.execute(text("VACUUM (ANALYZE) callbacks"))

    @property
    def half_way(self) -> Position:
        """A position with as many before it as behind it."""
        found = self.rows[CAME // 2]
        return found["received_at"], found["id"]

    def read(self, wanted: CallbackFilter) -> list[UUID]:
        """Page after page, newest first."""
        return self._walk(
            lambda session, after: list_page(session, wanted, limit=1_500, after=after),
            lambda each: each.id,
        )

    def read_back(self, wanted: CallbackFilter) -> list[UUID]:
        """Page after page, oldest first."""
        return self._walk(
            lambda session, after: list_ids(session, wanted, limit=1_500, after=after),
            lambda each: each,
        )

    def ways(self, work: Callable[[Session], Any]) -> str:
        """How `work` looks for callbacks."""
        with overheard(self.database) as heard:
            self.database.read(work)
        return explain(self.database, [each for each in heard if "callbacks" in each.text])

    def ways_of_page(self, wanted: CallbackFilter, after: Position | None = None) -> str:
        """How a page is looked for."""
        return self.ways(lambda session: list_page(session, wanted, limit=50, after=after))

    def _walk(self, turn: Callable[..., Any], id_of: Callable[[Any], UUID]) -> list[UUID]:
        found: list[UUID] = []
        after: Position | None = None
        while True:
            page, after = self.database.read(lambda session, after=after: turn(session, after))
            found.extend(map(id_of, page))
            if after is None:
                return found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def inbox(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Inbox]:
    """One for all, since they only read."""
    databases: Databases = request.getfixturevalue("databases")
    sqlite = databases.sqlite(tmp_path_factory.mktemp("inbox") / "faxhooks.db")
    url = sqlite if request.param == "sqlite" else databases.postgresql()
    made = Inbox(make_service(url).parts)
    yield made
    made.database.engine.dispose()


HALF: Final = FIRST + MINUTE * (CAME // 4)
CASES: Final[Sequence[tuple[dict[str, Any], Callable[[Row], bool]]]] = (
    ({}, lambda _: True),
    ({"verdicts": ["unrecognized"]}, lambda each: each["verdict"] == "unrecognized"),
    ({"verdicts": ["conflict"]}, lambda each: each["verdict"] == "conflict"),
    ({"reasons": ["unknown*"]}, lambda each: each["reason"] is not None),
    ({"received_after": HALF}, lambda each: each["received_at"] >= HALF),
    ({"received_before": HALF}, lambda each: each["received_at"] < HALF),
    (
        {"received_before": HALF, "evidences": ["unsigned"]},
        lambda each: each["received_at"] < HALF and each["evidence"] == "unsigned",
    ),
)
ASKED: Final = (*((each,) for each in LABELS), ("loud", "quiet"), ("silent", "new"))


def test_each_page_has_what_was_asked_for_in_both_orders(inbox: Inbox) -> None:
    for labels in ASKED:
        ids = {inbox.accounts[each] for each in labels}
        for given, fits in CASES:
            wanted = CallbackFilter(accounts=labels, **given)
            listed = [row["id"] for row in inbox.rows if row["account_id"] in ids and fits(row)]
            assert inbox.read(wanted) == listed, wanted
            assert inbox.read_back(wanted) == listed[::-1], wanted


def test_what_a_busy_account_ever_had_is_neither_all_read_nor_sorted(inbox: Inbox) -> None:
    ids = [inbox.accounts[each] for each in ("loud", "steady")]
    for wanted in (
        CallbackFilter(accounts=["loud"]),
        CallbackFilter(accounts=["steady"]),
        CallbackFilter(accounts=["loud", "quiet"]),
        CallbackFilter(providers=["faxplus"]),
        CallbackFilter(visible=ids),
        CallbackFilter(accounts=["loud"], evidences=["unsigned"], verdicts=["applied"]),
        CallbackFilter(accounts=["loud"], received_after=HALF),
        CallbackFilter(accounts=["loud"], received_before=HALF),
    ):
        for after in (None, inbox.half_way):
            ways = inbox.ways_of_page(wanted, after)
            assert WALK in ways, wanted
            assert "sort" not in ways, wanted
            assert "ALL OF" not in ways, wanted


def test_for_a_quiet_account_those_of_the_others_are_not_passed_over(inbox: Inbox) -> None:
    for label in ("quiet", "new"):
        for after in (None, inbox.half_way):
            ways = inbox.ways_of_page(CallbackFilter(accounts=[label]), after)
            assert WALK not in ways, label
            assert "ALL OF" not in ways, label
            assert "PASSES OVER" not in ways, label


def test_of_a_silent_account_its_own_are_looked_for_before_long(inbox: Inbox) -> None:
    silent = CallbackFilter(accounts=["silent"], received_after=FIRST)
    ways = inbox.ways_of_page(silent)
    assert "ALL OF" not in ways
    assert not inbox.database.is_sqlite or ways.endswith("sort")


def test_those_of_a_busy_account_that_nobody_understood_have_their_index(inbox: Inbox) -> None:
    wanted = CallbackFilter(accounts=["loud"], verdicts=["unrecognized"])
    asked: Sequence[Callable[[Session], Any]] = (
        lambda session: list_page(session, wanted, limit=10),
        lambda session: list_ids(session, wanted, limit=10),
        lambda session: tally_reasons(session, wanted, limit=5),
        lambda session: count_callbacks(session, wanted),
    )
    for each in asked:
        assert "ix_callbacks_unrecognized" in inbox.ways(each)


def test_what_nobody_understood_is_found_by_the_index_that_holds_nothing_else(inbox: Inbox) -> None:
    """A health probe counts it every few seconds, and a worker reads it anew."""
    unread = [row["id"] for row in inbox.rows if row["verdict"] == Verdict.UNRECOGNIZED]
    assert inbox.database.read(count_backlog) == len(unread)
    assert inbox.database.read(count_unread) == len(unread)
    listed = inbox.database.read(lambda session: list_unread(session, UnreadFilter()))
    assert [each.id for each in listed] == unread[::-1]
    for work in (count_backlog, count_unread, lambda session: list_unread(session, UnreadFilter())):
        assert "callbacks ix_callbacks_unrecognized" in inbox.ways(work)
