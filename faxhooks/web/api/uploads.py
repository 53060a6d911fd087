"""The documents of a request to send: files of a form, and addresses."""

from collections.abc import Iterator
from typing import Final

from flask import request
from werkzeug.exceptions import LengthRequired

from faxhooks.domain.errors import InvalidBodyError
from faxhooks.providers.sending import Document
from faxhooks.services.uploading import linked, uploaded
from faxhooks.web.api.bodies import take_json_alone
from faxhooks.web.parts import parts

FORM: Final = "multipart/form-data"
FILES: Final = ("file", "files")
"""The parts of a form that are documents."""

_MOST_FIELDS: Final = 256 * 1024
"""Bytes of a field. A form is read 64 KiB at a time, and what may be the beginning of a boundary
waits for the next of these: so a limit of 64 KiB refused every file with a line's end there."""


def take_bounded_bodies() -> None:
    """Before a request: a form with files as large as the settings allow, else JSON alone.

    A form that does not say how long it is would be cut where it is too long.
    """
    if request.mimetype != FORM:
        take_json_alone()
        return
    if request.content_length is None:
        raise LengthRequired("Say how long the body is, in `Content-Length`.")
    request.max_content_length = parts().sending.most_bytes
    request.max_form_memory_size = _MOST_FIELDS


def documents_of(urls: list[str]) -> tuple[Document, ...]:
    """The files of the request, then what lies at these addresses."""
    return (*_uploads(), *map(linked, urls))


def _uploads() -> Iterator[Document]:
    if request.mimetype != FORM:
        return
    for name, file in request.files.items(multi=True):
        if name not in FILES:
            raise InvalidBodyError(f"/{name[:40]}", "a document is the part `file`")
        content = file.stream.read()
        file.close()
        yield uploaded(file.filename or "", content)
