"""What the address of a list of faxes asks for, read with the API's own parser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from marshmallow import ValidationError
from sqlalchemy.orm import Session

from faxhooks.db.faxlists import FaxFilter, list_page
from faxhooks.domain.errors import InvalidInputError
from faxhooks.services.shapes import Shape, present
from faxhooks.web.api.faxqueries import FaxQuery
from faxhooks.web.auth import visible_accounts
from faxhooks.web.dashboard.addresses import Words, faults
from faxhooks.web.dashboard.shell import hides_numbers
from faxhooks.web.parts import cursors, parts

_QUERY: Final = FaxQuery()
_NUMBERS: Final = ("recipients", "senders")
_WHOLE_ONLY: Final = "Numbers are masked for you, so give whole numbers here."


@dataclass(frozen=True, slots=True)
class Asked:
    """An address that is understood."""

    wanted: FaxFilter
    options: Mapping[str, Any]

    @property
    def columns(self) -> Sequence[str]:
        """The fields that are asked for by name; none where the address leaves that open."""
        shape: Shape = self.options["shape"]
        return shape.fields

    @property
    def exported(self) -> Mapping[str, Any]:
        """What an export takes beside the filter."""
        shape = Shape(self.columns, self.options["shape"].history, masked=hides_numbers())
        return {**self.options, "shape": shape}


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of faxes, each as the API shows it, and the cursor of the next one."""

    faxes: Sequence[Mapping[str, Any]] = ()
    following: str | None = None
    faults: Words = field(default_factory=dict)


def read(words: Any) -> Asked:
    """What parameters ask for. Raises ValidationError, whose messages name each fault."""
    options = dict(_QUERY.load(words))
    filters = options.pop("filters")
    if hides_numbers():
        _refuse_prefixes(filters)
    return Asked(FaxFilter(**filters, visible=visible_accounts()), options)


def list_faxes(words: Any) -> tuple[Asked | None, Listed]:
    """The page that parameters ask for, or what is wrong with them."""
    try:
        asked = read(words)
        return asked, parts().database.read(lambda session: _ask(session, asked))
    except ValidationError as error:
        return None, Listed(faults=dict(faults(error)))
    except InvalidInputError as error:
        return None, Listed(faults={error.field: _sentence(str(error))})


def _ask(session: Session, asked: Asked) -> Listed:
    sort, limit, cursor = (asked.options[name] for name in ("sort", "limit", "cursor"))
    walk = (asked.wanted, sort)
    after = None if cursor is None else cursors().read_walk(walk, cursor)
    found, bookmark = list_page(session, asked.wanted, limit=limit, sort=sort, after=after)
    shown = present(session, found, Shape(masked=hides_numbers()))
    return Listed(shown, None if bookmark is None else cursors().make_walk(walk, bookmark))


def _refuse_prefixes(filters: Mapping[str, Any]) -> None:
    """Who sees masked numbers may look for one they know, but not find others out by guessing
    one digit after the other.
    """
    names = {"recipients": "to", "senders": "from"}
    refused = {
        names[name]: [_WHOLE_ONLY]
        for name in _NUMBERS
        if any(value.endswith("*") for value in filters[name])
    }
    if refused:
        raise ValidationError(refused)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
