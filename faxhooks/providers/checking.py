"""An order is held against a provider's abilities before anything of it is sent."""

from collections.abc import Iterator
from typing import Final

from faxhooks.providers.sending import (
    FLAGS,
    Abilities,
    Document,
    FieldFault,
    InvalidOrderError,
    Order,
)

MOST_NAME: Final = 255
"""Characters of a file's name; more than that no file system takes."""

OTHER: Final = "request.other"
NUMBER: Final = "request.invalid_number"


def check_order(order: Order, abilities: Abilities) -> None:
    """Raises InvalidOrderError, which names every field at fault."""
    faults = tuple(faults_of(order, abilities))
    if faults:
        raise InvalidOrderError(faults)


def faults_of(order: Order, abilities: Abilities) -> Iterator[FieldFault]:
    """Everything about the order that the provider would refuse, by its documentation."""
    if not abilities.recipient(order.to):
        said = "not a number that this provider can fax; write it like +13105550101"
        yield FieldFault("to", said, NUMBER)
    if order.sender is None and abilities.needs_sender:
        yield FieldFault("from", "is needed: the number that the fax comes from", NUMBER)
    if order.sender is not None and not abilities.sender(order.sender):
        said = "not a number that this provider can fax from"
        more = "" if abilities.needs_sender else "; leave it out for the account's own"
        yield FieldFault("from", said + more, NUMBER)
    yield from _of_documents(order.documents, abilities)
    yield from _of_choices(order, abilities)
    yield from _of_retries(order, abilities)
    yield from _of_cover_page(order, abilities)


def _of_documents(documents: tuple[Document, ...], abilities: Abilities) -> Iterator[FieldFault]:
    if not documents:
        said = "at least one is needed: a file, or an address as `media_url`"
        yield FieldFault("documents", said, OTHER)
    if abilities.most_files is not None and len(documents) > abilities.most_files:
        yield FieldFault("documents", f"no more than {abilities.most_files} files", OTHER)
    for number, document in enumerate(documents):
        yield from _of_document(f"documents/{number}", document, abilities)
    size = sum(len(document.content or b"") for document in documents)
    if abilities.most_bytes is not None and size > abilities.most_bytes:
        most = f"no more than {abilities.most_bytes} bytes together"
        yield FieldFault("documents", most, "document.size")


def _of_document(at: str, document: Document, abilities: Abilities) -> Iterator[FieldFault]:
    if document.content == b"":
        yield FieldFault(at, "is empty", OTHER)
    elif document.media_type not in abilities.media_types:
        taken = ", ".join(abilities.media_types)
        said = f"is {document.media_type}; this provider takes {taken} only, so convert it first"
        yield FieldFault(at, said, "document.type")
    if not document.name.isprintable() or not 0 < len(document.name) <= MOST_NAME:
        yield FieldFault(at, f"needs a printable name of 1 to {MOST_NAME} characters", OTHER)
    if abilities.fetches:
        if not (document.url or "").lower().startswith(("https://", "http://")):
            yield FieldFault(at, "needs an address where the provider can fetch it", OTHER)
    elif document.content is None:
        yield FieldFault(at, "must be uploaded; this provider fetches nothing", OTHER)


def _of_choices(order: Order, abilities: Abilities) -> Iterator[FieldFault]:
    if order.quality is not None and order.quality not in abilities.qualities:
        yield FieldFault("quality", _one_of(abilities.qualities), OTHER)
    if order.ttl is not None and order.ttl not in abilities.ttl:
        ttl = abilities.ttl
        said = f"must be from {ttl[0]} to {ttl[-1]} minutes" if ttl else _one_of(())
        yield FieldFault("ttl", said, OTHER)
    if order.schedule_at is not None:
        if not abilities.schedules:
            yield FieldFault("schedule_at", _one_of(()), OTHER)
        elif order.schedule_at.tzinfo is None:
            yield FieldFault("schedule_at", "must name its offset from UTC", OTHER)
    if order.comment is not None and not abilities.comment:
        yield FieldFault("comment", _one_of(()), OTHER)


def _of_retries(order: Order, abilities: Abilities) -> Iterator[FieldFault]:
    if not 0 <= order.retries <= abilities.retries:
        yield FieldFault("retries", _up_to(abilities.retries), OTHER)
    if order.retry_delay is not None and not 0 <= order.retry_delay <= abilities.retry_delay:
        yield FieldFault("retry_delay", _up_to(abilities.retry_delay), OTHER)


def _of_cover_page(order: Order, abilities: Abilities) -> Iterator[FieldFault]:
    if order.cover_page is None:
        return
    if not abilities.cover_page:
        yield FieldFault("cover_page", _one_of(()), OTHER)
    elif not order.cover_page.flags <= {*FLAGS}:
        yield FieldFault("cover_page/flags", _one_of(FLAGS), OTHER)


def _one_of(allowed: tuple[str, ...]) -> str:
    """What may be chosen, where there is a choice."""
    if not allowed:
        return "this provider has no such choice; leave it out"
    return f"must be one of {', '.join(allowed)}"


def _up_to(most: int) -> str:
    """The same of a number that begins at 0."""
    return f"must be from 0 to {most}" if most else _one_of(())
