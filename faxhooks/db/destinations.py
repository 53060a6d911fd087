"""Where a number is: the calling code that an E.164 number begins with."""

from collections.abc import Collection
from typing import Any, Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from sqlalchemy import ColumnElement, Text, case, cast, func, null
from sqlalchemy.orm import InstrumentedAttribute

CODES: Final[Collection[str]] = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)
"""All calling codes there are, of one to three digits; none begins with another one."""

_BY_LENGTH: Final = {
    length: sorted(code for code in CODES if len(code) == length) for length in (1, 2, 3)
}


def calling_code(number: InstrumentedAttribute[str | None]) -> ColumnElement[str | None]:
    """The code behind the plus sign, as in `44`; NULL for what is no such number."""
    nothing = cast(null(), Text)
    whens: list[Any] = [(func.substr(number, 1, 1) != "+", nothing)]
    for length, codes in _BY_LENGTH.items():
        beginning = func.substr(number, 2, length, type_=Text)
        whens.append((beginning.in_(codes), beginning))
    return case(*whens, else_=nothing)
