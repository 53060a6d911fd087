"""Orders to send, and what left of one: its parts by name, in the bytes that were sent."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from faxhooks.providers.sending import Document, Order
from faxhooks.simulator.fakes.multipart import Part, parts_of
from faxhooks.simulator.fakes.serving import Asked
from tests.providers.wire import Wire

FROM: Final = "+13103383454"
TO: Final = "+13104456789"
CALLBACK: Final = "https://hooks.example.com/hooks/x/TOKEN?a=1&b=2"
NOW: Final = datetime(2026, 1, 13, 21, 54, 46, tzinfo=UTC)

FILES: Final = {
    "application/pdf": Document(
        name="order.pdf", media_type="application/pdf", content=b"%PDF-1.7\r\n--x\r\n\0\xff%%EOF"
    ),
    "image/tiff": Document(name="scan.tiff", media_type="image/tiff", content=b"II*\0\r\n\r\n\xff"),
    "image/jpeg": Document(name="photo.jpeg", media_type="image/jpeg", content=b"\xff\xd8\xff\xe0"),
    "text/plain": Document(name="note", media_type="text/plain", content="Grüße\r\n".encode()),
}
ANY: Final = FILES["application/pdf"]


def at_address(document: Document = ANY) -> Document:
    """The same where a provider can fetch it."""
    return replace(document, content=None, url="https://faxes.example.com/media/t0ken")


def order(*documents: Document, **fields: Any) -> Order:
    return Order(**{"to": TO, "sender": FROM, "documents": documents or (ANY,), **fields})


def asked(wire: Wire, number: int = -1) -> Asked:
    """A request that came over the wire, as a fake sees one."""
    head, body = wire.requests[number]
    lines = head.splitlines()
    headers = dict(line.split(": ", 1) for line in lines[1:])
    method, target, _ = lines[0].split(" ")
    path, _, query = target.partition("?")
    fields = dict(each.split("=", 1) for each in query.split("&")) if query else {}
    return Asked(
        method, path, fields, {name.lower(): value for name, value in headers.items()}, body
    )


def parts(wire: Wire, number: int = -1) -> list[Part]:
    return parts_of(asked(wire, number))
