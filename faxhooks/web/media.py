"""Where providers fetch the documents that they fax; the address is all the secret there is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from flask import Blueprint, Response, request

from faxhooks.services.lending import Lending, count_fetch, fetch, find_lent
from faxhooks.web.parts import parts

media = Blueprint("media", __name__)

_PIECE: Final = 256 * 1024
"""Bytes that are read at once, so that large documents do not lie in memory whole."""


@media.get("/media/<string:token>")
def show_document(token: str) -> Response:
    """A document, or the part that is asked for; counted, unless only its head is asked for."""
    database, now = parts().database, datetime.now(UTC)
    lent = find_lent(database, parts().shelf, token, now)
    start, end = _wanted(lent.size)
    if start is None:
        return Response(status=416, headers={"Content-Range": f"bytes */{lent.size}"})
    response = Response(status=200 if end - start == lent.size else 206)
    if request.method != "HEAD":
        count_fetch(database, token, now)
        response.response = _pieces(lent, start, end)
    if response.status_code == 206:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{lent.size}"
    response.headers.update(
        {
            "Content-Type": lent.media_type,
            "Content-Length": str(end - start),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(lent.name, safe='')}",
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex",
        }
    )
    return response


def _wanted(size: int) -> tuple[int | None, int]:
    """From where to where; None where there is nothing of what is asked for. Several ranges at
    once are answered with all of it, as RFC 9110 allows.
    """
    ranges = request.range
    if ranges is None or ranges.units != "bytes" or len(ranges.ranges) != 1:
        return 0, size
    found = ranges.range_for_length(size)
    return (None, 0) if found is None else found


def _pieces(lent: Lending, start: int, end: int) -> Iterator[bytes]:
    database, shelf = parts().database, parts().shelf

    def read() -> Iterator[bytes]:
        for at in range(start, end, _PIECE):
            yield fetch(database, shelf, lent, at, min(_PIECE, end - at))

    return read()
