"""What the API's objects look like, for its description; a test holds them to the schemas."""

from typing import Any, Final

FAX: Final[dict[str, Any]] = {
    "id": "01a1fa88-b3b8-73ac-9fd9-2504f76bbd5d",
    "provider": "signalwire",
    "account": {"id": "01a1fa88-5cef-700b-aa30-9cae54f78cbf", "label": "main"},
    "provider_fax_id": "c9a1d3e4-56f7-49ab-8def-0123456789ab",
    "references": ["c9a1d3e4-56f7-49ab-8def-0123456789ab"],
    "direction": "outbound",
    "from": "+13105550100",
    "to": "+13105550101",
    "status": "failed",
    "outcome": "failure",
    "provider_status": "failed",
    "reason": {
        "code": "line.dropped",
        "fault": "network",
        "retry": "soon",
        "may_have_printed": True,
    },
    "error": {"code": "34004", "message": "The call dropped prematurely"},
    "evidence": "signed",
    "flags": [],
    "pages": None,
    "duration": None,
    "cost": None,
    "media_url": None,
    "remote_station_id": "+1 310 555 0101",
    "tags": {"patient": "4711"},
    "events": 3,
    "created_at": "2026-01-13T21:54:02.104511Z",
    "updated_at": "2026-01-13T21:54:47.220913Z",
    "finished_at": "2026-01-13T21:54:46Z",
}

ENTRY: Final[dict[str, Any]] = {
    "seq": 3,
    "status": "failed",
    "verdict": "applied",
    "reason": FAX["reason"],
    "detail": "The call dropped prematurely",
    "provider_status": "failed",
    "source": "callback",
    "evidence": "signed",
    "occurred_at": "2026-01-13T21:54:46Z",
    "received_at": "2026-01-13T21:54:47.220913Z",
    "callback_id": "01a1fa88-b3b8-7b52-8f6d-9a4c1f0e2d3b",
    "digest": "9e2f7c1b7b0f6b83a53f9f8f7a86c1d40b0e5d1c2f47a3968de1c05b7f4a2e61",
    "status_after": "failed",
}

CHANGE: Final[dict[str, Any]] = {
    **ENTRY,
    "seq": 90125,
    "fax_seq": 3,
    "fax_id": FAX["id"],
    "provider_fax_id": FAX["provider_fax_id"],
    "account_id": FAX["account"]["id"],
    "provider": "signalwire",
}

EXAMPLES: Final[dict[str, dict[str, Any]]] = {"Fax": FAX, "Entry": ENTRY, "Change": CHANGE}
