"""Passwords, kept so that a stolen table is slow to try: scrypt, a salt each, its parameters.

The parameters are OWASP's for scrypt with 32 MiB of memory; they are stored with each hash,
so that later ones may cost more without making those of today unreadable.
"""

import base64
import hashlib
import hmac
import secrets
import threading
import unicodedata
from dataclasses import dataclass
from typing import Final

from faxhooks.domain.errors import InvalidInputError, UnavailableError

SHORTEST: Final = 12
LONGEST: Final = 256
AT_ONCE: Final = 2
"""Hashes of one process at a time: each takes 32 MiB and a fifth of a second of a processor."""

MOST_MEMORY: Final = 2**28
"""Bytes that a stored cost may ask for; beyond them a hash is refused."""

_WAIT_SECONDS: Final = 3.0
_turns: Final = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs: `n` and `r` in memory (128·n·r bytes), `p` times over."""

    n: int
    r: int
    p: int


TODAY: Final = Cost(n=2**15, r=8, p=3)


def check_password(password: str) -> None:
    """Raises InvalidInputError for one that is too easily guessed, or too long to be read."""
    if not SHORTEST <= len(password) <= LONGEST:
        said = f"a password has {SHORTEST} to {LONGEST} characters; a few words make a good one"
        raise InvalidInputError("password", said)


def hash_password(password: str, cost: Cost = TODAY) -> str:
    """The hash as text: `scrypt$n$r$p$salt$digest`."""
    salt = secrets.token_bytes(16)
    digest = _digest(password, salt, cost)
    written = "$".join(base64.b64encode(each).decode() for each in (salt, digest))
    return f"scrypt${cost.n}${cost.r}${cost.p}${written}"


def is_password(password: str, hashed: str) -> bool:
    """Whether the hash is of this password; takes as long for a wrong one as for the right."""
    _, n, r, p, salt, digest = hashed.split("$")
    found = _digest(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(found, base64.b64decode(digest))


def _digest(password: str, salt: bytes, cost: Cost) -> bytes:
    """However it was typed: the same letters may be composed in more than one way."""
    text = unicodedata.normalize("NFKC", password[: LONGEST + 1]).encode("utf-8", "replace")
    if not _turns.acquire(timeout=_WAIT_SECONDS):
        raise UnavailableError("too many sign in at once; try again in a moment")
    try:
        return hashlib.scrypt(
            text, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=MOST_MEMORY, dklen=32
        )
    finally:
        _turns.release()


NOBODY: Final = "scrypt$32768$8$3$AAAAAAAAAAAAAAAAAAAAAA==$" + "A" * 43 + "="
"""A hash of no known password: who is not there is looked at as long as who is."""
