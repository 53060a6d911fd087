"""Fax.Plus webhooks: `{"hook": {…}, "data": {…}}`, one post for each attempt at a fax.

Source: the vendor's pages on webhooks and fax statuses. The vendor documents every field as
required, yet its own help page shows a callback without `uid` and with empty numbers, so only
an event, an id and a status are required here. Nothing documents a signature, the order of
delivery or retries of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Cost, Direction, Evidence, FaxEvent, Outcome, Reference
from faxhooks.providers import reading
from faxhooks.providers.base import Reply
from faxhooks.providers.faxplus.words import EVENTS, Meaning, shown, understand


@dataclass(frozen=True, slots=True)
class FaxPlus:
    """Reads the webhooks of one Fax.Plus account.

    Webhook times name no zone. The vendor calls UTC its standard, but its webhook sample is
    four hours behind the id made in the same second; hence `zone` is the account's to set.
    The hour a zone repeats in autumn is read as its first run.
    """

    zone: tzinfo = UTC

    def verify(self, callback: Callback) -> Evidence:  # noqa: ARG002
        """Always unsigned: the secret URL is all the proof that Fax.Plus offers."""
        return Evidence.UNSIGNED

    def normalize(self, callback: Callback) -> tuple[FaxEvent, ...]:
        """The one fact of a webhook, whatever its content type, which is undocumented."""
        body = reading.json_object(callback.body)
        hook, data = reading.mapping(body, "hook"), reading.mapping(body, "data")
        event, direction = _event(hook)
        attempt, session = reading.identifier(hook, "id"), reading.identifier(data, "id")
        word, meaning = _status(data, direction)
        time = reading.identifier(hook, "event_time")
        occurred_at = reading.moment(time, self.zone) if time else None
        return (
            FaxEvent(
                digest=reading.digest_of("faxplus", event, attempt, session, word.lower(), time),
                references=_references(session, attempt),
                received_at=callback.received_at,
                status=meaning.status,
                provider_status=word,
                occurred_at=occurred_at,
                direction=direction,
                sender=reading.number(data, "from", "from_number"),
                recipient=reading.number(data, "to", "to_number"),
                reason=meaning.reason,
                detail=word if meaning.status.outcome is Outcome.FAILURE else None,
                pages=reading.count(data, "pages"),
                cost=_cost(data),
                attempt=attempt,
                retried=None not in (attempt, session) and attempt != session,
                drift=_drift(
                    None if meaning.known else f"unknown status: {shown(word)}",
                    None if occurred_at or not time else "unreadable time: hook.event_time",
                ),
            ),
        )

    def reply(self, callback: Callback) -> Reply:  # noqa: ARG002
        """An empty 200: no page says that Fax.Plus reads the answer."""
        return Reply()


def _event(hook: Mapping[str, Any]) -> tuple[str, Direction]:
    word = reading.text(hook, "event")
    if word is None:
        raise UnreadableError("no event: hook.event is absent or blank")
    if word.lower() not in EVENTS:
        raise UnreadableError(f"unknown event: {shown(word)}")
    return word.lower(), EVENTS[word.lower()]


def _status(data: Mapping[str, Any], direction: Direction) -> tuple[str, Meaning]:
    word = reading.identifier(data, "status")
    if word is None:
        raise UnreadableError("no status: data.status is absent or blank")
    return word, understand(word, direction)


def _references(session: str | None, attempt: str | None) -> tuple[Reference, ...]:
    """The session's id, which retries share, before the attempt's own.

    The id that sending returned may be either (inferred), so both find the fax.
    """
    ids = tuple(dict.fromkeys(found for found in (session, attempt) if found))
    if not ids:
        raise UnreadableError("no id: neither hook.id nor data.id is given")
    return tuple(Reference(found) for found in ids)


def _cost(data: Mapping[str, Any]) -> Cost | None:
    """In pages here, unlike the API's fax record, where the same name is money."""
    amount = reading.amount(data, "cost")
    return None if amount is None else Cost(amount, "pages")


def _drift(*faults: str | None) -> str | None:
    return "; ".join(fault for fault in faults if fault) or None
