"""What the database holds, read afresh, against what a provider's ledger says.

Nothing of the service reads here: rows come by plain SQL, callbacks are read by a second, small
hand, and where a fax should stand is said by `tests.domain.plain_rules`.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy
from sqlalchemy import Connection, text

from faxhooks.domain.fax import FaxEvent, FaxStatus, Reference
from faxhooks.simulator import faxplus, signalwire
from faxhooks.simulator.story import FORM, Prepared
from tests.domain.plain_rules import plain_fold
from tests.faults import ledger
from tests.faults.proof import Finding

Said = tuple[str, str, bytes]
"""A callback by its method, its query and its body: what a provider's second try repeats."""

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_CALLBACKS: Final = "SELECT id, method, query, body FROM callbacks"
_EVENTS: Final = "SELECT fax_id, seq, callback_id FROM fax_events"
_FAXES: Final = """
SELECT reference, id, status, flags, events FROM faxes
JOIN fax_references ON fax_id = id WHERE merged_into IS NULL AND NOT shared
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is in a database: each callback's content by its id, the ids of callbacks behind the
    events of each fax, and where each fax stands, by each of the provider's ids.
    """

    callbacks: Mapping[str, Said]
    events: Mapping[str, Sequence[str]]
    faxes: Mapping[str, tuple[str, str, frozenset[str], int]]
    gaps: int

    @classmethod
    def read(cls, database_url: str) -> "Kept":
        """Over a connection of its own, which is closed again."""
        engine = sqlalchemy.create_engine(database_url)
        try:
            with engine.connect() as connection:
                return cls._read(connection)
        finally:
            engine.dispose()

    @classmethod
    def _read(cls, connection: Connection) -> "Kept":
        callbacks = {
            _plain(row.id): (row.method, row.query, bytes(row.body))
            for row in connection.execute(text(_CALLBACKS))
        }
        events, numbers = defaultdict(list), defaultdict(list)
        for row in connection.execute(text(_EVENTS)):
            events[_plain(row.fax_id)].append(_plain(row.callback_id))
            numbers[_plain(row.fax_id)].append(row.seq)
        faxes = {
            row.reference: (_plain(row.id), row.status, frozenset(row.flags.split()), row.events)
            for row in connection.execute(text(_FAXES))
        }
        gaps = sum(sorted(found) != [*range(1, len(found) + 1)] for found in numbers.values())
        return cls(callbacks, events, faxes, gaps)


def check(finding: Finding, database_url: str, callbacks: Sequence[Prepared], path: Path) -> None:
    """Add the figures of the ledger at `path`, whose numbers are places in `callbacks`, and what
    the database makes of them: lost 0, duplicate rows 0, wrong final states 0.
    """
    entries = ledger.read(path)
    outcomes = Counter(entry.outcome for entry in entries)
    acked = {entry.number for entry in entries if entry.outcome == ledger.ACKED}
    kept = Kept.read(database_url)
    figures = {
        "callbacks": len(callbacks),
        "tries": len(entries),
        "acked": outcomes[ledger.ACKED],
        "refused": outcomes[ledger.REFUSED],
        "unknown": outcomes[ledger.UNKNOWN],
        "never_acked": len(callbacks) - len(acked),
        "lost": _lost(kept, [callbacks[number] for number in acked]),
        "duplicate_rows": _duplicates(kept),
        "wrong_states": _wrong_states(kept, callbacks, acked),
    }
    finding.figures |= figures
    for name in ("lost", "duplicate_rows", "wrong_states"):
        finding.expect(figures[name] == 0, f"{name} is 0, and not {figures[name]}")


def said(callback: Prepared) -> Said:
    """The content of a callback, as it should be kept."""
    return callback.method, urlsplit(callback.url).query, callback.body


def _lost(kept: Kept, acked: Iterable[Prepared]) -> int:
    """Callbacks that were acknowledged and have no row, or no line in their fax's history."""
    told = {
        kept.callbacks[id_] for ids in kept.events.values() for id_ in ids if id_ in kept.callbacks
    }
    rows = set(kept.callbacks.values())
    return sum(not (content in rows and content in told) for content in map(said, acked))


def _duplicates(kept: Kept) -> int:
    """Rows too many: contents kept twice, facts told twice of one fax, and holes in the order
    of a history.
    """
    rows = Counter(kept.callbacks.values())
    facts = Counter(
        (fax, kept.callbacks.get(id_)) for fax, ids in kept.events.items() for id_ in ids
    )
    return sum(n - 1 for n in (*rows.values(), *facts.values())) + kept.gaps


def _wrong_states(kept: Kept, callbacks: Sequence[Prepared], acked: set[int]) -> int:
    """Faxes that are not where everything acknowledged or kept puts them."""
    rows = set(kept.callbacks.values())
    facts: dict[str, dict[Said, FaxEvent]] = defaultdict(dict)
    for number, callback in enumerate(callbacks):
        if number in acked or said(callback) in rows:
            facts[callback.fax_id][said(callback)] = _fact(callback)
    return sum(not _stands(kept, fax, list(told.values())) for fax, told in facts.items())


def _stands(kept: Kept, fax: str, told: Sequence[FaxEvent]) -> bool:
    if fax not in kept.faxes:
        return False
    id_, status, flags, events = kept.faxes[fax]
    should = plain_fold(told)
    there = (status, flags, events, len(kept.events.get(id_, ())))
    return there == (should.status, should.flags, len(told), len(told))


def _fact(callback: Prepared) -> FaxEvent:
    """What a callback states, as far as it moves a fax."""
    digest = hashlib.sha256(repr(said(callback)).encode()).digest()
    form = callback.method == "GET" or callback.headers["Content-Type"] == FORM
    more = _of_form(callback) if form else _of_json(callback)
    references = (Reference(callback.fax_id),)
    return FaxEvent(digest=digest, references=references, received_at=_EPOCH, **more)


def _of_form(callback: Prepared) -> dict[str, Any]:
    written = urlsplit(callback.url).query or callback.body.decode()
    fields = dict(parse_qsl(written))
    word = fields.get("FaxStatus")
    if word is None:  # A number asks what to do with a fax that comes in.
        return {"status": FaxStatus.RECEIVING}
    time = datetime.fromisoformat(fields["Timestamp"])
    return {"status": signalwire.STATUSES[word], "occurred_at": time}


def _of_json(callback: Prepared) -> dict[str, Any]:
    body = json.loads(callback.body)
    hook, data = body["hook"], body["data"]
    time = datetime.fromisoformat(hook["event_time"]).replace(tzinfo=UTC)
    status = faxplus.BECOME.get(data["status"], FaxStatus.FAILED)
    retried = hook["id"] != data["id"]
    return {"status": status, "occurred_at": time, "attempt": hook["id"], "retried": retried}


def _plain(id_: Any) -> str:
    """An id, which one database keeps as 32 digits and the other as a UUID."""
    return str(id_).replace("-", "")
