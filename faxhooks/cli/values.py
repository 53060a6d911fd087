"""Values that commands are given: several words, an age."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from faxhooks.providers.reading import moment

_AGE: Final = re.compile(r"([1-9][0-9]{0,4})(m|h|d)")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


WordsCallback = Callable[[click.Context, click.Parameter, Iterable[str]], tuple[str, ...]]


def read_age(ctx: click.Context, param: click.Parameter, value: str | None) -> timedelta | None:
    """An option's callback: a length of time such as `30d`, `12h` or `90m`."""
    if value is None:
        return None
    found = _AGE.fullmatch(value.strip())
    if found is None:
        said = "give a whole number with its unit, as in 30d, 12h or 90m"
        raise click.BadParameter(said, ctx, param)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def read_moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """An option's callback: an RFC 3339 time; one without a zone is UTC."""
    found = None if value is None else moment(value.strip())
    if value is not None and found is None:
        raise click.BadParameter("give a time such as 2026-01-13T21:54:46Z", ctx, param)
    return found


def read_since(ctx: click.Context, param: click.Parameter, value: str) -> datetime:
    """An option's callback: an RFC 3339 time, or how long ago it was."""
    if _AGE.fullmatch(value.strip()):
        return datetime.now(UTC) - (read_age(ctx, param, value) or timedelta())
    found = moment(value.strip())
    if found is None:
        said = "give a time such as 2026-01-13T21:54:46Z, or an age such as 30d"
        raise click.BadParameter(said, ctx, param)
    return found


def split_words(
    ctx: click.Context, param: click.Parameter, value: Iterable[str]
) -> tuple[str, ...]:
    """An option's callback: given several times or with commas, it is one list."""
    words = tuple(word.strip() for text in value for word in text.split(","))
    if not all(words):
        raise click.BadParameter("a value is empty", ctx, param)
    return words


def one_of(allowed: Iterable[str]) -> WordsCallback:
    """A callback like `split_words` that refuses words that are not allowed."""
    known = tuple(allowed)

    def check(ctx: click.Context, param: click.Parameter, value: Iterable[str]) -> tuple[str, ...]:
        words = split_words(ctx, param, value)
        for word in words:
            if word not in known:
                said = f"{word!r} is not one of {', '.join(known)}"
                raise click.BadParameter(said, ctx, param)
        return words

    return check
