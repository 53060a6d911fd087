"""A list of faxes in whichever form the client accepts: pages of JSON, or all of it at once."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from flask import Response, request
from werkzeug.exceptions import NotAcceptable

from faxhooks.db.faxlists import FaxFilter, Sort
from faxhooks.domain.errors import InvalidInputError
from faxhooks.services.auditing import Action, note
from faxhooks.services.exporting import export_csv, export_ndjson
from faxhooks.services.shapes import Shape
from faxhooks.web.auth import actor
from faxhooks.web.parts import parts

JSON: Final = "application/json"
CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"


def best_type(offered: Collection[str]) -> str:
    """The media type to answer with: the one the client likes best, of equals the one it
    names most exactly, then the first.

    Raises NotAcceptable, which names all there are.
    """
    if not request.accept_mimetypes:
        return next(iter(offered))
    best = max(offered, key=_preference)
    if _preference(best)[0] <= 0:
        raise NotAcceptable(f"There is {', '.join(offered)}; accept one of them.")
    return best


def csv_export(wanted: FaxFilter, *, sort: Sort, shape: Shape, **_: Any) -> Response:
    """All of the list for a spreadsheet."""
    _refuse_pages()
    if shape.history:
        raise InvalidInputError("include", f"CSV has no room for events; accept {NDJSON}")
    stream = export_csv(parts().database, wanted, sort, shape)
    return _streamed(stream, f"{CSV}; charset=utf-8", "csv")


def ndjson_export(wanted: FaxFilter, *, sort: Sort, shape: Shape, **_: Any) -> Response:
    """All of the list, a line for each fax."""
    _refuse_pages()
    stream = export_ndjson(parts().database, wanted, sort, shape)
    return _streamed(stream, NDJSON, "ndjson")


def _preference(offer: str) -> tuple[float, int]:
    """How much the client likes this type, by the most exact of its ranges that means it."""
    kind = offer.partition("/")[0]
    exactness = {offer: 3, f"{kind}/*": 2, "*/*": 1}
    found = [
        (exactness[media], quality)
        for accepted, quality in request.accept_mimetypes
        if (media := accepted.partition(";")[0].strip().lower()) in exactness
    ]
    exact, quality = max(found, default=(0, 0.0))
    return quality, exact


def _refuse_pages() -> None:
    for name in ("limit", "cursor"):
        if name in request.args:
            raise InvalidInputError(name, "an export is all of the list and has no pages; leave it")


def _audit(form: str) -> None:
    """Who took a list away, in which form and by which filters; never the filters' values."""
    filters = ",".join(sorted(request.args))
    who = actor()
    parts().database.write(
        lambda session: note(
            session, who, Action.FAXES_EXPORTED, "faxes:list", form=form, filters=filters
        )
    )


def _streamed(stream: Iterator[bytes], content_type: str, extension: str) -> Response:
    """The first piece is made before the answer begins, so that a database that is away is
    still told as such. When a later one fails, the connection is cut: a client that got the
    end of the last chunk has all of it.
    """
    first = next(stream, b"")
    _audit(extension)

    def pieces() -> Iterator[bytes]:
        yield first
        yield from stream

    name = f"faxes-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{extension}"
    response = Response(pieces(), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept"
    close = getattr(stream, "close", None)
    if close is not None:
        response.call_on_close(close)
    return response
