"""Opaque, signed bookmarks: where a list goes on, and of which list they are."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from faxhooks.db.faxlists import Bookmark
from faxhooks.domain.errors import InvalidInputError

MAX_CURSOR: Final = 3000


class Cursors:
    """Makes and reads bookmarks; the newest secret key signs, any of them is accepted.

    `wanted` describes the list: its filters, its order and what its reader may see, as
    anything made of dataclasses and JSON's own types. A bookmark of another list is refused.
    """

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._serializer = URLSafeSerializer(list(reversed(secret_keys)), salt="faxhooks cursor")

    def make(self, wanted: Any, position: tuple[datetime, UUID]) -> str:
        """A bookmark behind this position."""
        moment, row_id = position
        return self.sign(wanted, [moment.isoformat(), row_id.hex])

    def read(self, wanted: Any, cursor: str) -> tuple[datetime, UUID]:
        """The position again. Raises InvalidInputError for one not ours, or of another list."""
        moment, row_id = self.open(wanted, cursor, 2)
        return datetime.fromisoformat(moment), UUID(hex=row_id)

    def make_walk(self, wanted: Any, bookmark: Bookmark) -> str:
        """A bookmark in a list of faxes."""
        moved = [fax_id.hex for fax_id in bookmark.moved]
        place = [bookmark.moment.isoformat(), bookmark.fax_id.hex, bookmark.seen, moved]
        return self.sign(wanted, place)

    def read_walk(self, wanted: Any, cursor: str) -> Bookmark:
        """The bookmark again. Raises InvalidInputError like `read`."""
        moment, fax_id, seen, moved = self.open(wanted, cursor, 4)
        left = frozenset(UUID(hex=each) for each in moved)
        return Bookmark(datetime.fromisoformat(moment), UUID(hex=fax_id), seen, left)

    def sign(self, wanted: Any, place: Sequence[Any]) -> str:
        """A bookmark of any place that JSON can tell."""
        return str(self._serializer.dumps([_digest(wanted), *place]))

    def open(self, wanted: Any, cursor: str, length: int) -> list[Any]:
        """The place again, so many values. Raises InvalidInputError like `read`."""
        try:
            digest, *place = self._serializer.loads(cursor[:MAX_CURSOR])
        except (BadSignature, ValueError, TypeError):
            place = []
        if len(place) != length:
            raise InvalidInputError(
                "cursor", "take the cursor from `next_cursor`, unchanged, or leave it out"
            )
        if digest != _digest(wanted):
            raise InvalidInputError(
                "cursor",
                "the cursor belongs to a list with other filters, another order or another "
                "view; leave it out",
            )
        return list(place)


def _digest(wanted: Any) -> str:
    text = json.dumps(wanted, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(str(each) for each in value)
    return str(value)
