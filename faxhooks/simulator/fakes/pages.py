"""Pages of a list, as the Compatibility API gives them.

Source: the page on paging. The links are host-relative; a `PageToken` belongs to every page
but the first, and here stands for the last item of the page before, so that what comes in
meanwhile moves nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from faxhooks.simulator.fakes.serving import Asked

NO_SUCH_TOKEN: Final = 21481
NO_TOKEN: Final = 54453
NO_SUCH_SIZE: Final = 54454

_PAGING: Final = ("Page", "PageSize", "PageToken")


def page_of(asked: Asked, ids: Sequence[str], name: str) -> dict[str, Any] | int:
    """The envelope with some of the ids under that name; the error's code where there is none."""
    query = asked.query
    size, number = query.get("PageSize", "50"), query.get("Page", "0")
    if not (size.isdigit() and 1 <= int(size) <= 1000 and number.isdigit()):
        return NO_SUCH_SIZE
    token = query.get("PageToken")
    if number != "0" and token is None:
        return NO_TOKEN
    last = (token or "").removeprefix("PA")
    if last and last not in ids:
        return NO_SUCH_TOKEN
    start = ids.index(last) + 1 if last else 0
    shown, more = ids[start : start + int(size)], start + int(size) < len(ids)
    filters = {key: value for key, value in query.items() if key not in _PAGING}
    first = {**filters, "Page": "0", "PageSize": size}
    own = {**filters, "Page": number, "PageSize": size} | ({"PageToken": token} if token else {})
    following = {
        **first,
        "Page": str(int(number) + 1),
        "PageToken": f"PA{shown[-1:] and shown[-1]}",
    }
    return {
        "uri": _link(asked, own),
        "first_page_uri": _link(asked, first),
        "next_page_uri": _link(asked, following) if more else None,
        "previous_page_uri": None,
        "page": int(number),
        "page_size": int(size),
        name: list(shown),
    }


def _link(asked: Asked, query: Mapping[str, str]) -> str:
    return f"{asked.path}?{urlencode(query)}"
