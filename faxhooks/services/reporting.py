"""The delivery report of one fax: what is claimed of it, and what that claim rests on.

The page to print and the PDF are two ways of writing down the same report.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import describe_fax
from faxhooks.db.requests import list_body_digests
from faxhooks.services.shapes import Shape, moment_json, present
from faxhooks.services.telling import (
    EVIDENCE_WORDS,
    SOURCE_WORDS,
    VERDICT_WORDS,
    said_in_utc,
    tell,
)
from faxhooks.services.wording import REASON_WORDS, STATUS_WORDS

Rows = Sequence[tuple[str, str]]
"""Labels with their values."""

_DIRECTIONS: Final = {"outbound": "Sent", "inbound": "Received"}


@dataclass(frozen=True, slots=True)
class Maker:
    """Who asks for a report, and where it is made."""

    label: str
    release: str
    address: str


@dataclass(frozen=True, slots=True)
class Step:
    """An event of the history, with its digests."""

    number: int
    rows: Rows


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report says; every time in it is UTC."""

    fax_id: str
    outcome: str
    sentence: str
    facts: Rows
    evidence: Rows
    steps: Sequence[Step]
    made: Rows
    note: str


def make_report(  # noqa: PLR0913 (which fax, for whose eyes, by whom and when)
    session: Session,
    fax_id: UUID,
    maker: Maker,
    now: datetime,
    *,
    accounts: Collection[UUID] | None,
    masked: bool,
) -> Report:
    """The report of a fax as it stands. Raises NotFoundError."""
    found = describe_fax(session, get_fax(session, fax_id, accounts=accounts))
    (fax,) = present(session, [found], Shape(history=True, masked=masked))
    ids = [UUID(entry["callback_id"]) for entry in fax["history"] if entry["callback_id"]]
    bodies = {str(key): digest for key, digest in list_body_digests(session, ids).items()}
    return Report(
        fax_id=fax["id"],
        outcome=fax["outcome"],
        sentence=tell(fax).text,
        facts=_facts(fax),
        evidence=_evidence(fax),
        steps=[Step(entry["seq"], _step(entry, bodies)) for entry in fax["history"]],
        made=[
            ("Made at", _utc(moment_json(now))),
            ("Made by", maker.label),
            ("Made with", f"faxhooks {maker.release}, {maker.address}"),
        ],
        note=_note(masked=masked),
    )


def fingerprint(digests: Sequence[str]) -> str:
    """One SHA-256 for a whole history: of its digests, each 32 bytes, in order of arrival."""
    return sha256(b"".join(bytes.fromhex(digest) for digest in digests)).hexdigest()


def _facts(fax: Mapping[str, Any]) -> Rows:
    reason, error = fax["reason"], fax["error"] or {}
    rows = [
        ("Direction", _DIRECTIONS.get(fax["direction"], "")),
        ("From", fax["from"]),
        ("To", fax["to"]),
        ("Status", STATUS_WORDS.get(fax["status"], fax["status"])),
        ("Reason", reason and f"{REASON_WORDS.get(reason['code'], '')} ({reason['code']})"),
        ("Provider's error", " ".join(text for text in error.values() if text)),
        ("Pages", fax["pages"]),
        ("Seconds on the line", fax["duration"]),
        ("Other machine", fax["remote_station_id"]),
        ("First heard of", _utc(fax["created_at"])),
        ("Ended", _utc(fax["finished_at"])),
        ("Account", f"{fax['account']['label']} ({fax['provider']})"),
        ("Provider's id", ", ".join(dict.fromkeys([fax["provider_fax_id"], *fax["references"]]))),
        ("Our id", fax["id"]),
    ]
    return _filled(rows)


def _evidence(fax: Mapping[str, Any]) -> Rows:
    digests = [entry["digest"] for entry in fax["history"]]
    return _filled(
        [
            ("The status is", EVIDENCE_WORDS.get(fax["evidence"], fax["evidence"])),
            ("Provider's word", fax["provider_status"]),
            ("Events", len(digests)),
            ("SHA-256 of all events", fingerprint(digests)),
        ]
    )


def _step(entry: Mapping[str, Any], bodies: Mapping[str, str]) -> Rows:
    status, reason = entry["status"], entry["reason"]
    return _filled(
        [
            ("Status", STATUS_WORDS.get(status, status) if status else "None stated"),
            ("Reason", reason and REASON_WORDS.get(reason["code"], reason["code"])),
            ("Provider's words", _words(entry)),
            ("Said by", SOURCE_WORDS.get(entry["source"], entry["source"])),
            ("Proof", EVIDENCE_WORDS.get(entry["evidence"], entry["evidence"])),
            ("Provider's time", _utc(entry["occurred_at"])),
            ("Arrived", _utc(entry["received_at"])),
            ("Effect", VERDICT_WORDS.get(entry["verdict"], entry["verdict"])),
            ("Status after it", STATUS_WORDS.get(entry["status_after"], entry["status_after"])),
            ("SHA-256 of what it states", entry["digest"]),
            ("Callback", entry["callback_id"]),
            ("SHA-256 of its body", bodies.get(entry["callback_id"] or "")),
        ]
    )


def _words(entry: Mapping[str, Any]) -> str:
    said = dict.fromkeys([entry["provider_status"], entry["detail"]])
    return ": ".join(text for text in said if text)


def _note(*, masked: bool) -> str:
    said = (
        "This report says what the provider reported and how that was verified; that somebody "
        "read the fax it cannot say. Whoever has access to this service can compare the digests "
        "with those of the stored events and callbacks. Times are UTC."
    )
    return f"{said} Numbers are masked." if masked else said


def _filled(rows: Sequence[tuple[str, Any]]) -> Rows:
    return [(label, str(value)) for label, value in rows if value not in (None, "")]


def _utc(moment: str | None) -> str:
    return "" if moment is None else said_in_utc(moment)
