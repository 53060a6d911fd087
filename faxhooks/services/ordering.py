"""Faxes are ordered: each is committed with its first event and its place in the outbox.

Nothing is sent in here. Once this is committed the fax is in its history as `queued`, and the
worker will send it once; before that, nobody has heard of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import sends
from faxhooks.db.faxes import Home, get_fax
from faxhooks.db.references import OWN
from faxhooks.db.sendmodels import DocumentRow, SendRow
from faxhooks.db.sends import SendState
from faxhooks.db.tags import set_tags
from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Direction, Evidence, FaxEvent, FaxStatus, Reference, Source
from faxhooks.domain.reasons import Following
from faxhooks.providers import reading
from faxhooks.providers.checking import faults_of
from faxhooks.providers.sending import (
    Abilities,
    CoverPage,
    Document,
    FieldFault,
    InvalidOrderError,
    Order,
)
from faxhooks.services.auditing import Action, note
from faxhooks.services.claiming import Fact
from faxhooks.services.directory import Entrance
from faxhooks.services.recording import record
from faxhooks.services.retrying import ONCE, Persistence
from faxhooks.services.shelving import Shelf

BATCH: Final = "batch"
RESEND_OF: Final = "resend_of"
RESERVED_TAGS: Final = frozenset({BATCH, RESEND_OF})
"""Tags that say how faxes belong together; set here and not by who orders."""

_PLACE: Final = "/media/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is wanted: this order for each recipient. Its `to` is of no meaning. What is None
    of redialling and failing over goes by the account's own options.
    """

    recipients: tuple[str, ...]
    order: Order
    tags: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    delays: tuple[int, ...] | None = None
    fail_over: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One request's faxes have their documents in common."""

    id: UUID
    at: datetime


def as_number(written: str) -> str:
    """A number as hooks read it, without what people write between its digits; else the text."""
    try:
        found = reading.number({"number": written}, "number")
    except UnreadableError:
        return written
    return written if found is None else found.value


def check(request: Request, abilities: Abilities, public_url: str) -> None:
    """Raises InvalidOrderError, which names every field at fault, of every recipient."""
    faults = tuple(_faults(request, abilities, public_url))
    if faults:
        raise InvalidOrderError(faults)


def _faults(request: Request, abilities: Abilities, public_url: str) -> Iterator[FieldFault]:
    order = request.order
    if abilities.fetches:  # What is uploaded to us will have an address once it is sent.
        held = [replace(each, url=each.url or public_url + _PLACE) for each in order.documents]
        order = replace(order, documents=tuple(held))
    several = len(request.recipients) > 1
    seen: set[str] = set()
    for number, to in enumerate(request.recipients):
        at = f"to/{number}" if several else "to"
        if to in seen:
            yield FieldFault(at, "stands here twice", "request.other")
        for fault in faults_of(replace(order, to=to), abilities):
            if fault.field == "to":
                yield replace(fault, field=at)
            elif not seen:  # All else is the same for each of them.
                yield fault
        seen.add(to)


def place(  # noqa: PLR0913 (what is wanted, of whom, when, and where it is kept)
    session: Session,
    carrier: Entrance,
    request: Request,
    now: datetime,
    *,
    shelf: Shelf,
    actor: str,
    persistence: Persistence = ONCE,
) -> list[UUID]:
    """Enter a fax for each recipient into the outbox; their ids, in that order.

    Several of one request have a tag `batch` in common. The caller has checked the request.
    """
    submission = Submission(uuid7(), now)
    kept = _keep(session, shelf, request.order.documents, submission)
    tags = dict(request.tags)
    if len(request.recipients) > 1:
        tags[BATCH] = str(submission.id)
    content = content_of(request.order, kept)
    if not persistence.is_none:
        content["persistence"] = persistence.json()
    fax_ids = enter(session, carrier, request.recipients, content, submission)
    _put_off(session, fax_ids, request.order.schedule_at)
    for fax_id in fax_ids:
        tag(session, fax_id, tags)
        note(session, actor, Action.FAX_ORDERED, f"fax:{fax_id}", account=str(carrier.account.id))
    return fax_ids


def enter(
    session: Session,
    carrier: Entrance,
    recipients: Sequence[str],
    content: Mapping[str, Any],
    submission: Submission,
) -> list[UUID]:
    """The faxes with their first event, and their rows in the outbox."""
    account, now = carrier.account, submission.at
    home = Home(account.id, account.provider)
    ids = [f"{OWN}{uuid7()}" for _ in recipients]
    able = Persistence.of(content).able([account.id]) or None
    events = [_first(own, to, content, now, able) for own, to in zip(ids, recipients, strict=True)]
    recorded = record(session, [Fact(home, event) for event in events])
    rows = [
        SendRow(
            fax_id=each.fax_id,
            account_id=account.id,
            submission_id=submission.id,
            own_id=own,
            recipient=to,
            content=dict(content),
            state=SendState.WAITING,
            due_at=now,
            claim=None,
            tries=0,
            error=None,
            submitted_at=None,
            created_at=now,
        )
        for each, own, to in zip(recorded, ids, recipients, strict=True)
    ]
    sends.add_sends(session, rows)
    return [row.fax_id for row in rows]


def _put_off(session: Session, fax_ids: Sequence[UUID], until: datetime | None) -> None:
    """Let their time begin when they are to be sent."""
    if until is not None:
        for fax_id in fax_ids:
            get_fax(session, fax_id).expected_at = until
        session.flush()


def tag(session: Session, fax_id: UUID, tags: Mapping[str, str]) -> None:
    """Give a new fax its tags."""
    if tags:
        set_tags(session, get_fax(session, fax_id), tags)
        session.flush()


def content_of(order: Order, kept: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An order as it lies in the outbox, with its documents by their ids or addresses."""
    page = order.cover_page
    shown = None if page is None else {**asdict(page), "flags": sorted(page.flags)}
    at = order.schedule_at
    return {
        "sender": order.sender,
        "quality": order.quality,
        "ttl": order.ttl,
        "schedule_at": None if at is None else at.isoformat(),
        "retries": order.retries,
        "retry_delay": order.retry_delay,
        "comment": order.comment,
        "cover_page": shown,
        "documents": list(kept),
    }


def order_of(row: SendRow, held: Sequence[Document], callback_url: str | None) -> Order:
    """The order again, with these documents."""
    said = row.content
    page, at = said["cover_page"], said["schedule_at"]
    return Order(
        to=row.recipient,
        documents=tuple(held),
        sender=said["sender"],
        quality=said["quality"],
        ttl=said["ttl"],
        schedule_at=None if at is None else datetime.fromisoformat(at),
        retries=said["retries"],
        retry_delay=said["retry_delay"],
        comment=said["comment"],
        cover_page=None
        if page is None
        else CoverPage(**{**page, "flags": frozenset(page["flags"])}),
        callback_url=callback_url,
    )


def _keep(
    session: Session, shelf: Shelf, given: Sequence[Document], submission: Submission
) -> list[dict[str, Any]]:
    """What was uploaded is kept once, however many recipients there are."""
    rows, kept = [], []
    for document in given:
        said = {"name": document.name, "media_type": document.media_type}
        if document.content is None:
            kept.append({**said, "url": document.url})
            continue
        row = DocumentRow(
            id=uuid7(),
            submission_id=submission.id,
            size=len(document.content),
            content=document.content,
            created_at=submission.at,
            **said,
        )
        rows.append(row)
        kept.append({**said, "id": str(row.id)})
    shelf.keep(session, rows)
    return kept


def _first(
    own: str,
    to: str,
    content: Mapping[str, Any],
    now: datetime,
    able: frozenset[Following] | None,
) -> FaxEvent:
    return FaxEvent(
        digest=sha256(f"ordered\0{own}".encode()).digest(),
        references=(Reference(own),),
        received_at=now,
        follows=able,
        status=FaxStatus.QUEUED,
        source=Source.SEND,
        evidence=Evidence.OWN,
        direction=Direction.OUTBOUND,
        sender=reading.number({"from": content["sender"]}, "from"),
        recipient=reading.number({"to": to}, "to"),
    )
