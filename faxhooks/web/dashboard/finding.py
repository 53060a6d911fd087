"""Finding faxes by a form, or by whatever somebody has in hand: a number, an id or a tag."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from marshmallow import ValidationError
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import list_page
from faxhooks.domain.errors import NotFoundError
from faxhooks.providers.reading import moment
from faxhooks.services.shapes import moment_json
from faxhooks.services.tagging import TAG_NAME
from faxhooks.web.auth import visible_accounts
from faxhooks.web.dashboard.addresses import Words, escaped
from faxhooks.web.dashboard.listing import read
from faxhooks.web.dashboard.shell import hides_numbers

MOST: Final = 200
"""Characters of a search; no number, id or tag that is stored is longer than what fits."""

_TAG: Final = re.compile(r"([a-z0-9_.-]{1,64})\s*[=:]\s*(.+)", re.DOTALL)
_NUMBER: Final = re.compile(r"\+?[\d\s().\-/]{3,40}\*?")
_NATIONAL: Final = re.compile(r"[2-9]\d{9}")
_MOMENTS: Final = ("created_after", "created_before", "updated_after", "updated_before")

Finds = list[tuple[str, Words]]
"""What a search may mean, in words, with the parameters that ask for it."""


def words_of_form(form: MultiDict[str, str]) -> dict[str, str]:
    """A form's fields as parameters of the API: what is empty is left out, several values of a
    name are any of them, and times are UTC.
    """
    words: dict[str, str] = {}
    for name in form:
        values = [value.strip() for value in form.getlist(name) if value.strip()]
        if name == "tag":
            words |= dict(_tag(value) for value in values)
        elif values:
            words[name] = _in_utc(values[0]) if name in _MOMENTS else ",".join(values)
    return words


def find_fax(session: Session, text: str) -> UUID | None:
    """The fax whose own id this is."""
    try:
        return get_fax(session, UUID(text), accounts=visible_accounts()).id
    except (ValueError, NotFoundError):
        return None


def find(session: Session, text: str) -> Finds:
    """All that a search means of which there is a fax: whole words first, beginnings only where
    there is none of those.
    """
    for meanings in (_whole(text), _beginnings(text)):
        found = [(said, words) for said, words in meanings if _is_any(session, words)]
        if found:
            return found
    return []


def _whole(text: str) -> Iterator[tuple[str, Words]]:
    if tag := _TAG.fullmatch(text):
        yield f"The tag {tag[1]}", dict([_tag(text)])
    if _NUMBER.fullmatch(text):
        yield "Faxes to this number", {"to": _numbers(text)}
        yield "Faxes from this number", {"from": _numbers(text)}
    yield "The provider's id", {"provider_fax_id": escaped(text)}


def _beginnings(text: str) -> Iterator[tuple[str, Words]]:
    if text.endswith("*"):
        return
    if _NUMBER.fullmatch(text) and not hides_numbers():
        yield "Faxes to numbers that begin so", {"to": _numbers(f"{text}*")}
        yield "Faxes from numbers that begin so", {"from": _numbers(f"{text}*")}
    yield "Provider's ids that begin so", {"provider_fax_id": escaped(f"{text}*")}


def _is_any(session: Session, words: Words) -> bool:
    try:
        wanted = read(MultiDict(words)).wanted
    except ValidationError:
        return False
    return bool(list_page(session, wanted, limit=1)[0])


def _numbers(text: str) -> str:
    """As it was typed, and with the plus sign that people leave out; in North America, whose
    numbers have ten digits, they leave out the country as well.
    """
    plain = re.sub(r"[^\d*]", "", text)
    if text.startswith("+"):
        return f"+{plain}"
    numbers = [escaped(text), f"+{plain}", f"+1{plain}"]
    return ",".join(numbers if _NATIONAL.fullmatch(plain) else numbers[:2])


def _tag(text: str) -> tuple[str, str]:
    """`name=value` as a parameter; what is not of this form is one that will be explained."""
    found = _TAG.fullmatch(text)
    if found is None or not TAG_NAME.fullmatch(found[1]):
        return "tag", text
    return f"tag.{found[1]}", escaped(found[2])


def _in_utc(value: str) -> str:
    """A time as forms write it, with its zone said; what is no time is left to be explained."""
    found: Any = moment(value)
    return value if found is None else str(moment_json(found))


def typed(words: Mapping[str, str]) -> list[str]:
    """The tags among the parameters, as people type them."""
    return [
        f"{name.removeprefix('tag.')}={value}"
        for name, value in words.items()
        if name.startswith("tag.")
    ]
