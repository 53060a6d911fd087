"""What a file is that is to be faxed: told by what is in it, since names and types say anything."""

from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from faxhooks.domain.errors import InvalidBodyError
from faxhooks.providers.sending import JPEG, PDF, TEXT, TIFF, Document

PNG: Final = "image/png"

_MAGIC: Final = {
    b"%PDF-": PDF,
    b"II*\0": TIFF,
    b"MM\0*": TIFF,
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG": PNG,
}
_ENDINGS: Final = {".tif": TIFF, ".tiff": TIFF, ".jpg": JPEG, ".jpeg": JPEG, ".png": PNG}
_BYTES: Final = "application/octet-stream"
_MOST_NAME: Final = 200


def uploaded(name: str, content: bytes) -> Document:
    """A file that is given to us; of its name only the last part is kept."""
    kind = next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None)
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(char for char in last if char.isprintable())[-_MOST_NAME:]
    return Document(name=plain or "document", media_type=kind or _other(content), content=content)


def linked(url: str) -> Document:
    """What lies at an address. Its type goes by its ending; one without is a PDF to us, and the
    provider will see. Raises InvalidBodyError.
    """
    try:
        path = PurePosixPath(urlsplit(url).path)
    except ValueError:
        raise InvalidBodyError("/media_url", "this is no web address") from None
    kind = _ENDINGS.get(path.suffix.lower(), PDF)
    return Document(name=path.name[-_MOST_NAME:] or "document", media_type=kind, url=url)


def _other(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return _BYTES
    return _BYTES if "\0" in text else TEXT
