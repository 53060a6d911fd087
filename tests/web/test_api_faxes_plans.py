"""No filter makes PostgreSQL read the whole table of faxes for a page."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from faxhooks.db.engine import Database
from faxhooks.db.faxlists import Bookmark, FaxFilter, Sort, list_page
from faxhooks.services.parts import Parts
from tests.story import make_service

FAXES = 20_000
_FILL = f"""
INSERT INTO faxes (id, account_id, provider, provider_fax_id, direction, recipient, sender,
    status, outcome, reason, evidence, flags, tags, events, created_at, updated_at)
SELECT gen_random_uuid(), CASE WHEN n % 50 = 0 THEN :small ELSE :large END, 'signalwire',
    'sid-' || n, 'outbound', '+1310' || lpad((n % 2000)::text, 7, '0'), '+12125550100',
    CASE WHEN n % 500 = 0 THEN 'sending' WHEN n % 20 = 1 THEN 'failed' ELSE 'delivered' END,
    CASE WHEN n % 500 = 0 THEN 'pending' WHEN n % 20 = 1 THEN 'failure' ELSE 'success' END,
    CASE WHEN n % 20 = 1 THEN 'line.dropped' END, 'signed',
    CASE WHEN n % 500 = 1 THEN ' conflict ' ELSE '' END, '{{}}', 1,
    now() - n * interval '1 minute', now() - n * interval '1 minute'
FROM generate_series(1, {FAXES}) n;
INSERT INTO fax_references SELECT provider_fax_id, account_id, id, false FROM faxes;
INSERT INTO fax_events (fax_id, seq, digest, verdict, status_after, source, evidence,
    received_at, facts, change)
SELECT id, 1, '\\x00', 'applied', 'sending', 'callback', 'signed', created_at,
    '{{"references": []}}', row_number() OVER (ORDER BY created_at) FROM faxes;
INSERT INTO fax_tags SELECT id, 'case', provider_fax_id, created_at FROM faxes;
UPDATE feed SET last = {FAXES};
ANALYZE
"""


@pytest.fixture
def parts(postgresql_url: str) -> Iterator[Parts]:
    service = make_service(postgresql_url)
    large, small = service.hook.signalwire_account.id, service.hook.faxplus_account.id
    with service.parts.database.engine.begin() as connection:
        for statement in _FILL.split(";\n"):
            given = {"large": large, "small": small} if ":large" in statement else {}
            connection.execute(text(statement), given)
    yield service.parts
    service.parts.database.engine.dispose()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def ways(database: Database, wanted: FaxFilter, sort: Sort, after: Bookmark | None) -> set[str]:
    """How each statement of a page gets at the big tables: an index, or `all of <table>`."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        asked.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", note)
    database.read(lambda session: list_page(session, wanted, limit=50, sort=sort, after=after))
    event.remove(database.engine, "before_cursor_execute", note)
    found = set()
    with database.engine.connect() as connection:
        for statement, values in asked:
            if statement.startswith("SELECT"):
                explained = f"EXPLAIN (FORMAT JSON) {statement}"
                rows: Any = connection.exec_driver_sql(explained, values).scalar_one()
                plans = rows if isinstance(rows, list) else json.loads(rows)
                for node in nodes(plans[0]["Plan"]):
                    if node["Node Type"] == "Seq Scan":
                        found.add(f"all of {node['Relation Name']}")
                    elif "Index Name" in node:
                        found.add(node["Index Name"])
    return found - {"all of accounts", "all of feed", "pk_accounts", "pk_feed"}


CASES: list[tuple[dict[str, Any], str]] = [
    ({}, "ix_faxes_created_at_id"),
    ({"statuses": ["delivered"]}, "ix_faxes_created_at_id"),
    ({"statuses": ["failed"], "created_after": -30}, "ix_faxes_failed"),
    ({"statuses": ["queued", "sending"]}, "ix_faxes_open"),
    ({"outcomes": ["pending"]}, "ix_faxes_open"),
    ({"outcomes": ["failure"]}, "ix_faxes_failed"),
    ({"reasons": ["line.busy"]}, "ix_faxes_failed"),
    ({"accounts": ["plus"]}, "ix_faxes_account_id_created_at_id"),
    ({"providers": ["faxplus"]}, "ix_faxes_account_id_created_at_id"),
    ({"recipients": ["+13100000077"]}, "ix_faxes_recipient_created_at_id"),
    ({"recipients": ["+1310000007*"]}, "ix_faxes_recipient_created_at_id"),
    ({"senders": ["+1999*"]}, "ix_faxes_sender_created_at_id"),
    ({"provider_fax_ids": ["sid-77"]}, "pk_fax_references"),
    ({"flags": ["conflict"]}, "ix_faxes_flagged"),
    ({"tags": {"case": ["sid-77"]}}, "ix_fax_tags_name_value"),
    ({"updated_after": -1}, "ix_faxes_updated_at_id"),
]


def test_every_filter_has_its_index(parts: Parts) -> None:
    now = datetime.now(UTC)
    for wanted, index in CASES:
        given = {
            name: now + timedelta(days=value) if isinstance(value, int) else value
            for name, value in wanted.items()
        }
        sort = Sort.LATEST if "updated_after" in wanted else Sort.NEWEST
        found = ways(parts.database, FaxFilter(**given), sort, None)
        assert index in found, wanted
        assert not any(way.startswith("all of") for way in found), wanted


def test_turning_back_looks_at_what_has_changed_alone(parts: Parts) -> None:
    for sort in Sort:
        _, after = parts.database.read(
            lambda session, sort=sort: list_page(session, FaxFilter(), limit=50, sort=sort)
        )
        assert after is not None
        older = Bookmark(after.moment, after.fax_id, after.seen - 100)
        found = ways(parts.database, FaxFilter(), sort, older)
        assert "uq_fax_events_change" in found, sort
        assert not any(way.startswith("all of") for way in found), sort
