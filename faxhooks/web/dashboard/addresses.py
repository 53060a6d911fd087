"""Addresses of lists: the API's own parameters, of which a link changes one or another.

The address is all there is: whoever is given it sees the same list, of what they may see.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from flask import request
from marshmallow import ValidationError

PAGING: Final = ("cursor", "limit")

Words = Mapping[str, str]
"""Parameters of the API with their values, as the address has them."""


def given() -> dict[str, str]:
    """The parameters of this request's address."""
    return request.args.to_dict()


def address(path: str, words: Words, **changes: str | None) -> str:
    """The path with these parameters changed, those that are None left out; from the first page
    on, unless the changes say otherwise.
    """
    kept: dict[str, str | None] = {name: words[name] for name in words if name not in PAGING}
    kept |= changes
    return with_query(path, {name: value for name, value in kept.items() if value is not None})


def next_page(path: str, words: Words, cursor: str | None) -> str | None:
    """The page behind this one, as long as this one; None where there is none."""
    return cursor and address(path, words, cursor=cursor, limit=words.get("limit"))


def with_query(path: str, words: Words) -> str:
    """The path with these parameters."""
    return f"{path}?{urlencode(words)}" if words else path


def escaped(value: str) -> str:
    """One value with its commas kept from parting it."""
    return re.sub(r"(?<!\\),", r"\\,", value)


def faults(error: ValidationError) -> Iterator[tuple[str, str]]:
    """What is wrong with each parameter."""
    messages: Any = error.messages
    for name, texts in messages.items():
        yield name, " ".join(str(text) for text in texts)
