"""The documents of a request to send: files of a form, and addresses."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import LengthRequired

from faxhooks.domain.errors import InvalidBodyError
from faxhooks.providers.sending import JPEG, PDF, TEXT, TIFF, Document
from faxhooks.web.api.bodies import take_json_alone
from faxhooks.web.parts import parts

FORM: Final = "multipart/form-data"
PNG: Final = "image/png"
FILES: Final = ("file", "files")
"""The parts of a form that are documents."""

_MOST_FIELDS: Final = 64 * 1024
_MAGIC: Final = {
    b"%PDF-": PDF,
    b"II*\0": TIFF,
    b"MM\0*": TIFF,
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG": PNG,
}
_ENDINGS: Final = {".tif": TIFF, ".tiff": TIFF, ".jpg": JPEG, ".jpeg": JPEG, ".png": PNG}
_BYTES: Final = "application/octet-stream"


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
    return (*_uploads(), *(_linked(url) for url in urls))


def _uploads() -> Iterator[Document]:
    if request.mimetype != FORM:
        return
    for name, file in request.files.items(multi=True):
        if name not in FILES:
            raise InvalidBodyError(f"/{name[:40]}", "a document is the part `file`")
        yield _upload(file)


def _upload(file: FileStorage) -> Document:
    """What it is, is told by what is in it; names and types of clients say anything."""
    content = file.stream.read()
    file.close()
    kind = next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None)
    name = PurePosixPath((file.filename or "").replace("\\", "/")).name
    plain = "".join(char for char in name if char.isprintable())[-200:]
    return Document(name=plain or "document", media_type=kind or _other(content), content=content)


def _other(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return _BYTES
    return _BYTES if "\0" in text else TEXT


def _linked(url: str) -> Document:
    """Its type goes by its ending; one without is a PDF to us, and the provider will see."""
    try:
        path = PurePosixPath(urlsplit(url).path)
    except ValueError:
        raise InvalidBodyError("/media_url", "this is no web address") from None
    kind = _ENDINGS.get(path.suffix.lower(), PDF)
    return Document(name=path.name[-200:] or "document", media_type=kind, url=url)
