"""What accounts of both providers with a UnifiedAPI are made of."""

import re
from typing import Final

from faxhooks.providers.base import Option, check_whole
from faxhooks.providers.unified.words import is_extension

_USER: Final = re.compile(r"@me|@viewer|@owner|[A-Za-z0-9_.-]{1,64}")
_PREFIX: Final = re.compile(r"\+?[0-9*#]{0,8}")
_SECRET: Final = re.compile(r"[!-~]{1,4096}")

MOST_FILES: Final = 10
MINUTES: Final = 60
"""After so long a fax is `unconfirmed`: nothing tells what became of it. The administrator's
settings have five minutes and more between two tries; how many there are is not documented."""


def check_extension(value: str) -> str:
    """An extension's number. Raises ValueError for anything else."""
    extension = value.strip()
    if not is_extension(extension):
        raise ValueError("must be an extension such as 0003*210 or 210")
    return extension


def check_user(value: str) -> str:
    """On whose behalf faxes are sent. Raises ValueError for anything else."""
    user = value.strip()
    if not _USER.fullmatch(user) or not user.strip("."):
        raise ValueError("must be @me, @viewer, @owner or a user's id")
    return user


def check_prefix(value: str) -> str:
    """What is dialled before the digits of a number. Raises ValueError for anything else."""
    prefix = value.strip()
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("must be up to 8 digits such as 00 or 011, or +")
    return prefix


def check_secret(value: str) -> str:
    """A client id, a secret or a token. Raises ValueError without showing it."""
    secret = value.strip()
    if not _SECRET.fullmatch(secret):
        raise ValueError("must be 1 to 4096 printable ASCII characters without spaces")
    return secret


def fax_options() -> tuple[Option, ...]:
    """What sending a fax takes, beside credentials."""
    return (
        Option(
            "extension",
            "extension that sends faxes, such as 0003*210, unless a fax names another",
            required=True,
            check=check_extension,
        ),
        Option(
            "user-id",
            "on whose behalf faxes are sent: @me, @viewer, @owner or a user's id",
            default="@me",
            check=check_user,
        ),
        Option(
            "dial-prefix",
            "what is dialled in place of a number's +, such as 00; nothing when left out",
            check=check_prefix,
        ),
        Option(
            "files-per-fax",
            "how many files the administrator allows in a fax",
            default="5",
            check=lambda value: check_whole(value, MOST_FILES),
        ),
    )
