"""Why a request to an account's hook was refused, told without what the request said.

Every spelling of the request is shown to the account's own adapter, and to it with other keys:
whatever change makes the signature right is the change that somebody has to undo. No provider
needs to be known for that.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError
from faxhooks.domain.fax import Evidence
from faxhooks.providers.base import Adapter
from faxhooks.services.directory import Entrance
from faxhooks.services.spellings import Spelling, seen_hosts, seen_scheme, spell

MOST_TRIED: Final = 3000
"""Spellings and keys of one refusal that are tried, which takes some tenths of a second."""
_MOST_OTHERS: Final = 50
_MOST_SHOWN: Final = 8
_MOST_HEADERS: Final = 60
_TOKEN: Final = re.compile(r"(/hooks/[^/?]+/)[^/?]+")
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_FORWARDING: Final = (
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "forwarded",
)


@dataclass(frozen=True, slots=True)
class Key:
    """A set of keys to try: the account's own, another of its values in their place, or those
    of another account.
    """

    kind: str
    name: str
    adapter: Adapter


def diagnose(
    callback: Callback, entrance: Entrance, others: Iterable[Entrance], cause: str
) -> dict[str, Any]:
    """The facts of a refusal as plain JSON: what was expected, what was seen, what was tried
    and, under `finding`, what would have made it right, None if nothing did.
    """
    keys = _keys(entrance, others)
    spellings = spell(callback)
    finding = None if cause == "missing" else _find(keys, spellings)
    ours = urlsplit(callback.origin)
    return {
        "cause": cause,
        "method": callback.method if callback.method in ("GET", "POST") else "other",
        "expected": masked(callback.origin + callback.target),
        "expected_scheme": ours.scheme,
        "expected_host": ours.netloc,
        "scheme": seen_scheme(callback),
        "hosts": seen_hosts(callback),
        "path": masked(callback.target),
        "query": "?" in callback.target,
        "content_type": callback.content_type[:100],
        "length": len(callback.body),
        "forwarding": {
            name: masked(callback.headers[name])[:200]
            for name in _FORWARDING
            if name in callback.headers
        },
        "headers": sorted(filter(_NAME.fullmatch, callback.headers))[:_MOST_HEADERS],
        "keys": [{"kind": key.kind, "name": key.name} for key in keys],
        "urls": _urls(spellings),
        "finding": finding,
    }


def masked(address: str) -> str:
    """An address without the token of the hook, and without the query, which has numbers."""
    path, mark, _ = address.partition("?")
    return _TOKEN.sub(r"\1…", path) + ("?…" if mark else "")


def _find(keys: Sequence[Key], spellings: Sequence[Spelling]) -> dict[str, Any] | None:
    """The first that fits: what is changed least, and the account's own keys before others."""
    own, foreign = keys[:1], keys[1:]
    plain = [each for each in spellings if len(each.changes) <= 1]
    tries = [*_pairs(own, plain), *_pairs(foreign, spellings[:1])]
    tries += [*_pairs(own, spellings), *_pairs(foreign, plain), *_pairs(foreign, spellings)]
    for key, spelling in islice(tries, MOST_TRIED):
        if _fits(key.adapter, spelling.callback):
            made = spelling.callback
            return {
                "key": {"kind": key.kind, "name": key.name},
                "changes": list(spelling.changes),
                "url": masked(made.origin + made.target),
                "origin": made.origin,
            }
    return None


def _pairs(keys: Sequence[Key], spellings: Sequence[Spelling]) -> Iterator[tuple[Key, Spelling]]:
    return ((key, spelling) for key in keys for spelling in spellings)


def _fits(adapter: Adapter, callback: Callback) -> bool:
    """Whether the signature is right, though it may be refused for another reason."""
    try:
        return adapter.verify(callback) is Evidence.SIGNED
    except AuthenticityError as error:
        return error.cause == "ambiguous"


def _keys(entrance: Entrance, others: Iterable[Entrance]) -> list[Key]:
    """The account's own first, then its other secrets where a key should be, as when the API
    token was entered for it, then the keys of the provider's other accounts.
    """
    provider, account = entrance.provider, entrance.account
    secret = [option for option in provider.options if option.secret]
    keys = [Key("own", ", ".join(o.name for o in secret if o.rotates), entrance.adapter)]
    for option in (option for option in secret if not option.rotates):
        if values := account.config.get(option.name):
            config: Mapping[str, tuple[str, ...]] = {
                **account.config,
                **{each.name: values for each in secret if each.rotates},
            }
            adapter = provider.adapter(config, account.hook_url)
            keys.append(Key("secret", option.name, adapter))
    foreign = (each for each in others if each.account.id != account.id)
    keys += [
        Key("account", str(each.account.id), each.adapter) for each in islice(foreign, _MOST_OTHERS)
    ]
    return keys


def _urls(spellings: Sequence[Spelling]) -> list[str]:
    """The addresses that were tried, those most like ours first."""
    tried = (masked(each.callback.origin + each.callback.target) for each in spellings)
    return list(dict.fromkeys(tried))[:_MOST_SHOWN]
