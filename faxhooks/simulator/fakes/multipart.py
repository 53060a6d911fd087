"""The parts of a multipart form, as they were sent."""

from dataclasses import dataclass, field
from email import policy
from email.message import MIMEPart
from email.parser import BytesParser

from faxhooks.simulator.fakes.serving import Asked


@dataclass(frozen=True, slots=True)
class Part:
    """A file or a field; `filename` is None for a field."""

    name: str
    filename: str | None
    content_type: str
    body: bytes = field(repr=False)


def parts_of(asked: Asked) -> list[Part]:
    """Every part, in order; none where the request is no multipart form."""
    head = f"Content-Type: {asked.headers.get('content-type', '')}\r\n\r\n".encode()
    whole = BytesParser(policy=policy.HTTP).parsebytes(head + asked.body)
    return [_part(each) for each in whole.iter_parts()] if whole.is_multipart() else []


def find_part(asked: Asked, name: str) -> Part | None:
    """The first part of that name."""
    return next((part for part in parts_of(asked) if part.name == name), None)


def _part(message: MIMEPart) -> Part:
    name = message.get_param("name", "", "content-disposition")
    body = message.get_payload(decode=True)
    return Part(
        str(name),
        message.get_filename(),
        message.get_content_type(),
        body if isinstance(body, bytes) else b"",
    )
