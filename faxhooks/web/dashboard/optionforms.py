"""A provider's options as fields of a form; the value of a secret is never shown again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from faxhooks.domain.errors import InvalidInputError
from faxhooks.providers.base import Config, Option
from faxhooks.services.accounts import Values

_SPELLED: Final = ("api", "json", "sip", "url")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form. `value` is what it shows, never a secret; `kept` says how many values
    of a secret there are; `fault` what is wrong with what was given.
    """

    name: str
    words: str
    help: str
    secret: bool
    required: bool
    default: str | None
    value: str
    kept: int
    fault: str | None


def fields_of(
    options: Sequence[Option],
    *,
    given: Mapping[str, str] | None = None,
    config: Config | None = None,
    fault: InvalidInputError | None = None,
) -> list[Field]:
    """The fields for these options; with an account's values, those to change it."""
    kept: Config = config or {}
    return [
        Field(
            name=option.name,
            words=words_of(option.name),
            help=_help(option.help),
            secret=option.secret,
            required=option.required and config is None,
            default=option.default,
            value="" if option.secret else _shown(option, given or {}, kept),
            kept=len(kept.get(option.name, ())),
            fault=_said(fault) if fault is not None and fault.field == option.name else None,
        )
        for option in options
    ]


def given_values(
    options: Sequence[Option], form: MultiDict[str, str], config: Config | None = None
) -> Values:
    """What the form gives, by the names of the options: of an account that is there already only
    what is not as it was.
    """
    values = {}
    for option in options:
        value = form.get(option.name, "").strip()
        same = config is not None and config.get(option.name, ())[:1] == (value,)
        if value and not same:
            values[option.name] = (value,)
    return values


def words_of(name: str) -> str:
    """An option's name as people write it."""
    spaced = " ".join(word.upper() if word in _SPELLED else word for word in name.split("-"))
    return f"{spaced[:1].upper()}{spaced[1:]}"


def _help(said: str) -> str:
    """As a sentence, unless it begins with what is to be entered."""
    return f"{said}." if said.startswith(("yes:", "no:")) else f"{said[:1].upper()}{said[1:]}."


def _shown(option: Option, given: Mapping[str, str], kept: Config) -> str:
    if option.name in given:
        return given[option.name][:500]
    values: Any = kept.get(option.name, ())
    return values[0] if values else ""


def _said(fault: InvalidInputError) -> str:
    """Without the name that the command line knows the option by."""
    text = str(fault).removeprefix(f"--{fault.field}").lstrip(": ")
    return f"{text[:1].upper()}{text[1:]}."
