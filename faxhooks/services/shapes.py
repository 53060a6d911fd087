"""The public JSON of faxes and events, written out by hand: pages and exports make very many.

The schemas in `presenting` are what these shapes are documented by; a test holds both equal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson
from sqlalchemy.orm import Session

from faxhooks.db.faxlists import Fax
from faxhooks.db.history import Entry, list_entries
from faxhooks.domain.reasons import REASONS, UNKNOWN
from faxhooks.services.masking import masked_fax

_Written = Callable[[Any], Any]

_REASONS: Final = {
    code: {
        "code": code,
        "fault": reason.fault,
        "retry": reason.retry,
        "may_have_printed": reason.may_have_printed,
    }
    for code, reason in REASONS.items()
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a fax is shown: these fields, all if it names none, and its events if asked.

    `masked` hides most of each number.
    """

    fields: Sequence[str] = ()
    history: bool = False
    masked: bool = False


def present(
    session: Session, faxes: Sequence[Fax], shape: Shape, *, raw: bool = False
) -> list[dict[str, Any]]:
    """These faxes in this shape; the events of all of them are asked for at once.

    `raw` leaves their ids and times as they are, for `raw_json` to write.
    """
    make = _raw_fax if raw else fax_json
    shown = [make(fax) for fax in faxes]
    if shape.fields:
        shown = [{name: each[name] for name in shape.fields} for each in shown]
    if shape.history:
        histories = list_entries(session, [fax.row.id for fax in faxes])
        for fax, each in zip(faxes, shown, strict=True):
            each["history"] = [entry_json(entry) for entry in histories[fax.row.id]]
    return [masked_fax(each) for each in shown] if shape.masked else shown


def fax_json(fax: Fax) -> dict[str, Any]:
    """A fax as the API shows it."""
    return _fax(fax, str, moment_json)


def raw_json(shown: dict[str, Any]) -> bytes:
    """A fax with raw ids and times as the line of JSON that it is otherwise.

    orjson writes them in a fraction of the time that Python takes to make texts of them.
    """
    return orjson.dumps(shown, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _raw_fax(fax: Fax) -> dict[str, Any]:
    return _fax(fax, _as_it_is, _as_it_is)


def _fax(fax: Fax, id_json: _Written, time_json: _Written) -> dict[str, Any]:
    row = fax.row
    return {
        "id": id_json(row.id),
        "provider": row.provider,
        "account": {"id": id_json(row.account_id), "label": fax.account_label},
        "provider_fax_id": row.provider_fax_id,
        "references": fax.references,
        "direction": row.direction,
        "from": row.sender,
        "to": row.recipient,
        "status": row.status,
        "outcome": row.outcome,
        "provider_status": row.provider_status,
        "reason": reason_json(row.reason),
        "error": _pair("code", row.error_code, "message", row.error_message),
        "evidence": row.evidence,
        "flags": sorted(row.flags) if row.flags else [],
        "pages": row.pages,
        "duration": row.duration,
        "cost": _pair("amount", row.cost_amount, "unit", row.cost_unit),
        "media_url": row.media_url,
        "remote_station_id": row.remote_station_id,
        "tags": row.tags,
        "events": row.events,
        "created_at": time_json(row.created_at),
        "updated_at": time_json(row.updated_at),
        "finished_at": time_json(row.finished_at),
    }


def fax_version(shown: dict[str, Any]) -> str:
    """What tells two states of a fax apart: all that is shown of it, tags as well."""
    return sha256(orjson.dumps(shown)).hexdigest()[:32]


def entry_json(entry: Entry) -> dict[str, Any]:
    """An event as the API shows it."""
    event = entry.event
    return {
        "seq": entry.seq,
        "status": event.status,
        "verdict": entry.verdict,
        "reason": reason_json(event.reason),
        "detail": event.detail,
        "provider_status": event.provider_status,
        "source": event.source,
        "evidence": event.evidence,
        "occurred_at": moment_json(event.occurred_at),
        "received_at": moment_json(event.received_at),
        "callback_id": None if entry.callback_id is None else str(entry.callback_id),
        "digest": event.digest.hex(),
        "status_after": entry.status_after,
    }


def reason_json(code: str | None) -> dict[str, Any] | None:
    """A reason code with its advice from the table."""
    if code is None:
        return None
    return _REASONS.get(code) or {**_REASONS[UNKNOWN], "code": code}


def moment_json(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, with a Z."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _as_it_is(value: Any) -> Any:
    return value


def _pair(first: str, value: Any, second: str, other: Any) -> dict[str, Any] | None:
    """An object of two, null where both are."""
    return None if value is None and other is None else {first: value, second: other}
