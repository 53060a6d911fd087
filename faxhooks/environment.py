"""How one variable of the environment is read: what it may say, and the refusal if not.

A check takes the text and returns the value to keep; it raises ValueError with what the
variable must be, in words that follow its name and show nothing of its value.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from faxhooks.domain.errors import SettingsError

MIN_KEY_BYTES: Final = 32
MIN_KEY_CHARACTERS: Final = 10
MAKE_KEY: Final = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"

_POSTGRESQL: Final = ("postgres", "postgresql", "postgresql+psycopg")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f]*:[0-9a-f:.]+")
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f]")


_HINT = "\nTo try it out on this machine set FAXHOOKS_ENV=development, as `make run` does."


class Reader:
    """Collects every fault, so that one refused start names them all."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []

    def value(self, name: str) -> str:
        """The variable without surrounding space; a blank one is as good as none."""
        return self._environ.get(name, "").strip()

    def text(self, name: str, check: Callable[[str], str], default: Callable[[], str]) -> str:
        """What `check` makes of the variable, or the default; empty where either refuses."""
        try:
            value = self.value(name)
            return check(value) if value else default()
        except ValueError as fault:
            self._faults.append(f"{name} {fault}")
            return ""

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of the allowed words, in any case."""
        value = self.value(name).lower() or default
        if value not in allowed:
            self._faults.append(f"{name} must be one of: {', '.join(allowed)}")
        return value

    def switch(self, name: str) -> bool:
        """`on` or `off`, which it is if not set."""
        return self.choice(name, ("on", "off"), "off") == "on"

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = self.value(name) or str(default)
        if not re.fullmatch(r"[0-9]{1,9}", value) or not 1 <= int(value) <= most:
            self._faults.append(f"{name} must be a whole number from 1 to {most}")
            return default
        return int(value)

    def rate(self, name: str, default: str) -> tuple[int, int] | None:
        """Requests a second and how many at once, as in `50/200`; None where it is `off`."""
        value = self.value(name).lower() or default
        found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", value)
        if found is None and value != "off":
            said = "requests a second and how many at once, as in 50/200, or off"
            self._faults.append(f"{name} must be {said}")
        return (int(found[1]), int(found[2])) if found else None

    def finish(self) -> None:
        """Raise SettingsError when anything was refused."""
        if self._faults:
            faults = "".join(f"\n- {fault}" for fault in self._faults)
            hint = "" if self.value("FAXHOOKS_ENV") else _HINT
            raise SettingsError(f"this environment will not do:{faults}{hint}")


def database_url(value: str) -> str:
    """A PaaS hands out `postgres://`, which SQLAlchemy refuses, so the driver is named here."""
    scheme, found, rest = value.partition("://")
    if not found or scheme not in (*_POSTGRESQL, "sqlite"):
        raise ValueError("must begin with postgresql://, postgres:// or sqlite:///")
    if scheme in _POSTGRESQL:
        _check_port(f"postgresql://{rest}")
        return f"postgresql+psycopg://{rest}"
    path = rest.removeprefix("/").partition("?")[0]
    if not rest.startswith("/") or not path or ":memory:" in path:
        raise ValueError("must name a file, as in sqlite:///var/faxhooks.db")
    return value


def _check_port(url: str) -> None:
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError("must have a whole number as its port, or none") from None


def origin(value: str) -> str:
    """Scheme, host and port as a browser would write them; signatures are made over it."""
    if _BLANK.search(value) or "\\" in value:
        raise ValueError("must not hold spaces or backslashes")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("must be an address like https://fax.example.com") from None
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host):
        raise ValueError("must be an address like https://fax.example.com")
    if "@" in parts.netloc or "?" in value or "#" in value or parts.path not in ("", "/"):
        raise ValueError("must be scheme, host and port alone: no user, path, query or fragment")
    name = f"[{host}]" if ":" in host else host
    default = port is None or port == _DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{name}" if default else f"{parts.scheme}://{name}:{port}"


def https_origin(value: str) -> str:
    """An origin that nobody on the way can read or change."""
    found = origin(value)
    if not found.startswith("https://"):
        raise ValueError("must begin with https:// in production; callbacks carry secrets")
    return found


def keys(value: str) -> str:
    """Comma-separated keys, newest first, of any strength."""
    found = [key.strip() for key in value.split(",") if key.strip()]
    if not found:
        raise ValueError("holds no key")
    return ",".join(found)


def strong_keys(value: str) -> str:
    """Keys long and varied enough that they were hardly typed by hand."""
    found = keys(value)
    for key in found.split(","):
        if len(key.encode()) < MIN_KEY_BYTES or len(set(key)) < MIN_KEY_CHARACTERS:
            raise ValueError(
                f"holds a weak key: each needs {MIN_KEY_BYTES} bytes and {MIN_KEY_CHARACTERS} "
                f"different characters; {MAKE_KEY}"
            )
    return found


def folder(value: str) -> str:
    """A folder that may be written to; made for its owner alone if there is none."""
    path = Path(value).absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise ValueError("must be a folder, or where one can be made") from None
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise ValueError("must be a folder that the service's user may read and write")
    return str(path)


def missing(advice: str) -> Callable[[], str]:
    """What stands in for a variable that has no default: a refusal that says what to give."""

    def refuse() -> str:
        raise ValueError(f"is missing: {advice}")

    return refuse
