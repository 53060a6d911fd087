"""JSON about a fax in a call: SWML and Relay status posts, and SWML's variables after a fax.

Source: the SWML reference, `send_fax` and `receive_fax`. There is no FaxSid: a call may carry
several faxes, each with its own `control_id`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Direction, FaxError, FaxEvent, FaxStatus, Reference
from faxhooks.providers import reading
from faxhooks.providers.signalwire.values import drift_of, web_address
from faxhooks.providers.signalwire.words import reason_of_result, shown, unknown_error

EVENT: Final = "calling.call.fax"
_DIRECTIONS: Final = {"send": Direction.OUTBOUND, "receive": Direction.INBOUND}
_PARAMETERS: Final = {
    "identity": "identity",
    "remote_identity": "remote_identity",
    "document": "document",
    "pages": "pages",
    "result": "result_code",
    "result_text": "result_text",
}


@dataclass(frozen=True, slots=True)
class _Said:
    """A post in either shape; `word` is the provider's own for what happened."""

    call: str
    control: str | None
    type: str
    word: str
    params: Mapping[str, Any]
    timestamp: object = None


def read_relay(body: bytes, received_at: datetime) -> FaxEvent:
    """The fact that a JSON post states. Raises UnreadableError."""
    said = _said(reading.json_object(body))
    params = said.params
    direction = _DIRECTIONS.get((reading.identifier(params, "direction") or "").lower())
    status = _status(said, direction)
    failed = status is FaxStatus.FAILED
    code, message = reading.identifier(params, "result"), reading.text(params, "result_text")
    ends = reading.number(params, "identity"), reading.number(params, "remote_identity")
    sender, recipient = reversed(ends) if direction is Direction.INBOUND else ends
    event = FaxEvent(
        digest=reading.digest_of(
            "signalwire", "json", said.call, said.control, said.type, dict(params)
        ),
        references=_references(said),
        received_at=received_at,
        status=status,
        provider_status=said.word,
        occurred_at=reading.epoch(said.timestamp),
        direction=direction,
        sender=sender,
        recipient=recipient,
        reason=reason_of_result(direction, code, message) if failed else None,
        detail=message,
        error=FaxError(code, message) if failed and (code or message) else None,
        pages=reading.count(params, "number" if said.type == "page" else "pages"),
        media_url=web_address(params, "document"),
    )
    return event._replace(drift=_drift(said, event))


def is_status_post(body: bytes) -> bool:
    """Whether it is JSON of the one kind that may be believed without a signature."""
    try:
        return reading.json_object(body).get("event_type") == EVENT
    except UnreadableError:
        return False


def _said(body: Mapping[str, Any]) -> _Said:
    event = reading.text(body, "event_type")
    if event is None and "vars" in body:
        return _variables(body)
    if event != EVENT:
        raise UnreadableError(f"unknown event: {shown(event or 'none')}")
    params = reading.mapping(body, "params")
    fax = reading.mapping(params, "fax")
    word = reading.identifier(fax, "type")
    if word is None:
        raise UnreadableError("no status: params.fax.type is absent or blank")
    return _Said(
        call=_id(params, "params.call_id"),
        control=reading.identifier(params, "control_id"),
        type=word.lower(),
        word=word,
        params=reading.mapping(fax, "params"),
        timestamp=body.get("timestamp"),
    )


def _variables(body: Mapping[str, Any]) -> _Said:
    """The same facts as SWML's variables after a fax, before any fax there are none.

    Both a sent and a received fax in the variables of one call leave open which of them this
    post is about.
    """
    variables = reading.mapping(body, "vars")
    ended = [way for way in _DIRECTIONS if reading.identifier(variables, f"{way}_fax_result")]
    if len(ended) != 1:
        raise UnreadableError("unknown event: SWML variables without exactly one fax result")
    prefix = f"{ended[0]}_fax_"
    word = reading.identifier(variables, f"{prefix}result") or ""
    found = {name: variables.get(prefix + theirs) for name, theirs in _PARAMETERS.items()}
    params = {name: value for name, value in found.items() if value is not None}
    outcome = {"success": True, "failed": False}.get(word.lower())
    if outcome is None:
        raise UnreadableError(f"unknown status: {shown(word)}")
    params |= {"direction": ended[0], "success": outcome}
    call = _id(reading.mapping(body, "call"), "call.call_id")
    return _Said(call, None, "finished", word, params)


def _status(said: _Said, direction: Direction | None) -> FaxStatus:
    """`page` and `finished` are documented; `error` ends a fax in the vendor's own clients."""
    inbound = direction is Direction.INBOUND
    if said.type == "error" or (said.type == "finished" and not _success(said.params)):
        return FaxStatus.FAILED
    if said.type not in ("page", "finished"):
        raise UnreadableError(f"unknown status: {shown(said.word)}")
    if direction is None:
        raise UnreadableError("no direction: neither send nor receive")
    if said.type == "page":
        return FaxStatus.RECEIVING if inbound else FaxStatus.SENDING
    return FaxStatus.RECEIVED if inbound else FaxStatus.DELIVERED


def _success(params: Mapping[str, Any]) -> bool:
    """A boolean, or its text: the vendor's own tests have numbers as texts too."""
    value = params.get("success")
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.strip().lower())
    if not isinstance(value, bool):
        raise UnreadableError("no success: fax.params.success is neither true nor false")
    return value


def _id(fields: Mapping[str, Any], path: str) -> str:
    found = reading.identifier(fields, path.rpartition(".")[2])
    if found is None:
        raise UnreadableError(f"no id: {path} is absent or blank")
    return found


def _references(said: _Said) -> tuple[Reference, ...]:
    """The call's id only helps to find a fax that has an id of its own."""
    if said.control is None or said.control == said.call:
        return (Reference(said.call),)
    return (Reference(said.call, shared=True), Reference(said.control))


def _drift(said: _Said, event: FaxEvent) -> str | None:
    return drift_of(
        (said.timestamp, event.occurred_at, "unreadable time: timestamp"),
        (said.params.get("document"), event.media_url, "unreadable address: document"),
        (event.status is FaxStatus.FAILED, event.reason, unknown_error(event.error)),
    )
