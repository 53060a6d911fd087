"""What the address of a list of callbacks asks for, read with the API's own parser."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from flask import request
from marshmallow import ValidationError

from faxhooks.db.callbacklists import CallbackFilter
from faxhooks.domain.errors import InvalidInputError
from faxhooks.web.api.callbackqueries import CallbackQuery
from faxhooks.web.auth import visible_accounts

_QUERY: Final = CallbackQuery()
_PAGING: Final = ("cursor", "limit")
_FILTERS: Final = {
    "verdict": "Verdict",
    "account": "Account",
    "provider": "Provider",
    "evidence": "Evidence",
    "reason": "Reason",
    "fax": "Fax",
    "received_after": "Received from",
    "received_before": "Received before",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An address that is understood; `words` are its filters as it has them."""

    wanted: CallbackFilter
    words: Mapping[str, str]
    limit: int
    cursor: str | None


def read_address() -> Asked:
    """What this request's address asks for. Raises InvalidInputError with what is wrong."""
    try:
        asked: dict[str, Any] = dict(_QUERY.load(request.args))
    except ValidationError as error:
        messages: Any = error.messages
        name, texts = next(iter(messages.items()))
        said = " ".join(str(text) for text in texts).rstrip(".")
        raise InvalidInputError(name, f"{_FILTERS.get(name, name)}: {said}") from None
    wanted = CallbackFilter(**asked["filters"], visible=visible_accounts())
    words = {name: value for name, value in request.args.items() if name not in _PAGING}
    return Asked(wanted, words, asked["limit"], asked["cursor"])


def tidy_words() -> dict[str, str] | None:
    """The parameters without what a form left empty; None where the address is tidy already."""
    kept = {
        name: ",".join(values)
        for name, given in request.args.lists()
        if (values := [value.strip() for value in given if value.strip()])
    }
    return None if kept == request.args.to_dict(flat=True) and _is_single() else kept


def chips(asked: Asked, path: str) -> list[tuple[str, str]]:
    """Each filter in words, with the address that has it no more."""
    return [
        (f"{label}: {asked.words[name]}", address(path, asked.words, **{name: None}))
        for name, label in _FILTERS.items()
        if name in asked.words
    ]


def address(path: str, words: Mapping[str, str], **changes: str | None) -> str:
    """The path with these parameters, some of them changed, those that are None left out."""
    merged = {**words, **changes}
    kept = {name: value for name, value in merged.items() if value is not None}
    return f"{path}?{urlencode(kept)}" if kept else path


def _is_single() -> bool:
    return all(len(values) == 1 for _, values in request.args.lists())
