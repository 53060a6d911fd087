"""The signatures that an account's keys make over the URL it was called at."""

import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from faxhooks.domain.callback import Callback

_ORIGIN = re.compile(r"(?P<host>(?P<scheme>https?)://(?:\[[^\]]*\]|[^:/@]+))(?::(?P<port>[0-9]+))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Signer:
    """Every key over every spelling of the URL."""

    keys: tuple[bytes, ...]
    urls: tuple[bytes, ...]

    @classmethod
    def of(cls, callback: Callback, keys: Iterable[str]) -> "Signer":
        """With the keys that are not empty: an empty one would prove nothing."""
        return cls(tuple(key.encode() for key in keys if key), _urls(callback))

    def made(
        self, claimed: bytes, hash_name: str, write: Callable[[bytes], bytes], tail: bytes = b""
    ) -> bool:
        """Whether the claimed signature is that of the URL and what follows it."""
        return any(
            hmac.compare_digest(claimed, write(hmac.digest(key, url + tail, hash_name)))
            for key in self.keys
            for url in self.urls
        )


def _urls(callback: Callback) -> tuple[bytes, ...]:
    """The URL under each spelling of its origin. Raises ValueError if it is not ASCII."""
    target = callback.target.encode("ascii")
    return tuple([origin + target for origin in _origins(callback.origin)])


@lru_cache(maxsize=8)
def _origins(origin: str) -> tuple[bytes, ...]:
    """As configured, and with the default port added or removed: which of them the provider
    signs depends on how the hook's URL was entered.
    """
    origins = [origin]
    if match := _ORIGIN.fullmatch(origin):
        default = _DEFAULT_PORTS[match["scheme"]]
        if match["port"] is None:
            origins.append(f"{match['host']}:{default}")
        elif match["port"] == default:
            origins.append(match["host"])
    return tuple(each.encode("ascii") for each in origins)
