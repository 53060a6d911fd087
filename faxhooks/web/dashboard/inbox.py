"""What the address of a list of callbacks asks for, read with the API's own parser."""

from dataclasses import dataclass
from typing import Any, Final

from flask import request
from marshmallow import ValidationError

from faxhooks.db.callbacklists import CallbackFilter
from faxhooks.domain.errors import InvalidInputError
from faxhooks.web.api.callbackqueries import CallbackQuery
from faxhooks.web.auth import visible_accounts
from faxhooks.web.dashboard.addresses import PAGING, Words, address, faults, given

_QUERY: Final = CallbackQuery()
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
    """An address that is understood; `words` are its parameters as it has them."""

    wanted: CallbackFilter
    words: Words
    limit: int
    cursor: str | None

    @property
    def filters(self) -> dict[str, str]:
        """Its parameters but for the place in the list."""
        return {name: value for name, value in self.words.items() if name not in PAGING}


def read_address() -> Asked:
    """What this request's address asks for. Raises InvalidInputError with what is wrong."""
    try:
        asked: dict[str, Any] = dict(_QUERY.load(request.args))
    except ValidationError as error:
        name, said = next(faults(error))
        raise InvalidInputError(name, f"{_FILTERS.get(name, name)}: {said.rstrip('.')}") from None
    wanted = CallbackFilter(**asked["filters"], visible=visible_accounts())
    return Asked(wanted, given(), asked["limit"], asked["cursor"])


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


def _is_single() -> bool:
    return all(len(values) == 1 for _, values in request.args.lists())
