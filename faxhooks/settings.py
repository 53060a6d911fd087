"""What the environment says, read once and checked before anything starts.

This is the only reader of `os.environ` in the package; everything else is given values.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from faxhooks.environment import (
    MAKE_KEY,
    Reader,
    database_url,
    folder,
    https_origin,
    keys,
    missing,
    origin,
    strong_keys,
)

VAR: Final = Path("var")
"""Where development keeps its database and its secret, below the working directory."""

LEVELS: Final = ("debug", "info", "warning", "error", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The service's configuration; what is secret in it never shows in its repr.

    `database_url` names SQLAlchemy's driver, `public_url` is an origin without a trailing
    slash, `secret_keys` are newest first, `log_level` is lower-case, `api_rate_limit` is what
    one key may ask of one process: requests a second and at once, None for no limit.
    `media_max_mb` bounds a request to send, `media_keep_hours` is how long its documents are
    kept once its faxes have ended, and `media_folder` where, None for the database.
    """

    env: str
    database_url: str = field(repr=False)
    public_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    port: int
    web_concurrency: int
    log_level: str
    metrics_token: str | None = field(repr=False)
    api_rate_limit: tuple[int, int] | None = None
    dashboard_mask_numbers: bool = False
    media_max_mb: int = 32
    media_keep_hours: int = 24
    media_folder: Path | None = None

    @property
    def is_production(self) -> bool:
        """Whether the refusals of production hold."""
        return self.env == "production"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings this environment asks for; development makes what is missing.

        Raises SettingsError, which names every variable at fault and what to do about it,
        and shows no value.
        """
        reader = Reader(environ)
        env = reader.choice("FAXHOOKS_ENV", ("production", "development"), "production")
        port = reader.whole("PORT", 8000, most=65535)
        rules = _development(port) if env == "development" else _PRODUCTION
        database, public, secret = (reader.text(*rule) for rule in rules)
        media = reader.text("MEDIA_FOLDER", folder, lambda: "")
        # SQLite has one writer, which a second process could only wait for.
        processes = 1 if database.startswith("sqlite") else 2
        settings = cls(
            env=env,
            database_url=database,
            public_url=public,
            secret_keys=tuple(secret.split(",")),
            port=port,
            web_concurrency=reader.whole("WEB_CONCURRENCY", processes, most=256),
            log_level=reader.choice("LOG_LEVEL", LEVELS, "info"),
            metrics_token=reader.value("METRICS_TOKEN") or None,
            api_rate_limit=reader.rate("API_RATE_LIMIT", "50/200"),
            dashboard_mask_numbers=reader.switch("DASHBOARD_MASK_NUMBERS"),
            media_max_mb=reader.whole("MEDIA_MAX_MB", 32, most=1000),
            media_keep_hours=reader.whole("MEDIA_KEEP_HOURS", 24, most=24 * 365),
            media_folder=Path(media) if media else None,
        )
        reader.finish()
        return settings


_Rules = tuple[tuple[str, Callable[[str], str], Callable[[], str]], ...]
"""For each variable its name, its check and what stands in for it when it is not set."""

_PRODUCTION: Final[_Rules] = (
    ("DATABASE_URL", database_url, missing("give postgresql://user:password@host/name")),
    ("PUBLIC_URL", https_origin, missing("give the https:// address that providers call")),
    ("SECRET_KEYS", strong_keys, missing(MAKE_KEY)),
)


def _development(port: int) -> _Rules:
    return (
        ("DATABASE_URL", database_url, lambda: f"sqlite:///{VAR / 'faxhooks.db'}"),
        ("PUBLIC_URL", origin, lambda: f"http://localhost:{port}"),
        ("SECRET_KEYS", keys, _kept_key),
    )


def _kept_key() -> str:
    """A secret made once; a link appears whole or not at all, so that two starts share one."""
    path = VAR / "secret_keys"
    if not path.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=VAR)  # Readable by its owner alone.
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass  # The other start was quicker; its secret is the one to read.
        finally:
            Path(draft).unlink()
    return keys(path.read_text().replace("\n", ","))
