"""What the address of a list of callbacks asks for, read with the API's own parser, and the
form that makes such an address.
"""

from dataclasses import dataclass
from typing import Any, Final

from flask import request
from marshmallow import ValidationError

from faxhooks.db.accounts import list_accounts
from faxhooks.db.callbacklists import CallbackFilter
from faxhooks.domain.errors import InvalidInputError
from faxhooks.domain.fax import Evidence, Verdict
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.wording import EVIDENCE_NAMES
from faxhooks.web.api.callbackqueries import CallbackQuery
from faxhooks.web.auth import visible_accounts
from faxhooks.web.dashboard.addresses import PAGING, Words, address, faults, given
from faxhooks.web.parts import parts

VERDICTS: Final = {
    Verdict.APPLIED: "Moved its fax",
    Verdict.REPEATED: "Known already",
    Verdict.STALE: "Came late",
    Verdict.CONFLICT: "Contradicts",
    Verdict.UNRECOGNIZED: "Not understood",
}
EVIDENCES: Final = {
    each: EVIDENCE_NAMES[each] for each in (Evidence.SIGNED, Evidence.UNSIGNED, Evidence.CONFIRMED)
}
"""How a callback may be known; what is known here comes without one."""
TITLES: Final = {name: provider.title for name, provider in PROVIDERS.items()}

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


def form(here: str) -> dict[str, Any]:
    """What its filters offer, and which are in use; the list is `here`."""
    words, visible = given(), visible_accounts()
    rows = parts().database.read(list_accounts)
    return {
        "words": words,
        "chips": _chips(words, here),
        "quick": [
            (said, address(here, words, verdict=verdict), words.get("verdict") == verdict)
            for verdict, said in ((None, "All"), *VERDICTS.items())
        ],
        "verdicts": VERDICTS,
        "evidences": EVIDENCES,
        "titles": TITLES,
        "accounts": [row.label for row in rows if visible is None or row.id in visible],
    }


def _chips(words: Words, path: str) -> list[tuple[str, str]]:
    """Each filter in words, with the address that has it no more."""
    return [
        (f"{label}: {words[name]}", address(path, words, **{name: None}))
        for name, label in _FILTERS.items()
        if name in words
    ]


def _is_single() -> bool:
    return all(len(values) == 1 for _, values in request.args.lists())
