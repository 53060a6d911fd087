"""The composition root: settings -> parts -> the WSGI application."""

from datetime import timedelta

from flask import Flask

from faxhooks import __version__
from faxhooks.db.checks import check_durability, check_schema
from faxhooks.domain.errors import SettingsError, UnavailableError
from faxhooks.logs import configure
from faxhooks.services.parts import Parts, SendingTerms, compose
from faxhooks.settings import Settings
from faxhooks.web.limits import RateLimit
from faxhooks.web.site import build_site


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Raises SettingsError when the service must not start like this."""
    settings = settings or Settings.from_env()
    configure(settings.log_level)
    parts = compose_parts(settings)
    if settings.is_production:
        _refuse_unsafe(parts)
    limit = settings.api_rate_limit and RateLimit(*settings.api_rate_limit)
    hidden = settings.dashboard_mask_numbers
    return build_site(parts, settings.secret_keys, settings.metrics_token, limit, hidden)


def compose_parts(settings: Settings) -> Parts:
    """The service these settings describe; opens no connection yet."""
    return compose(
        database_url=settings.database_url,
        public_url=settings.public_url,
        secret_keys=settings.secret_keys,
        release=__version__,
        sending=SendingTerms(
            settings.media_max_mb * 1024 * 1024,
            timedelta(hours=settings.media_keep_hours),
            settings.media_folder,
        ),
    )


def _refuse_unsafe(parts: Parts) -> None:
    """A database that is away now is answered with 503 and looked at by /readyz later."""
    try:
        check_schema(parts.database)
        check_durability(parts.database)
        parts.database.read(parts.accounts.list_all)  # Refuses SECRET_KEYS that read none of it.
    except UnavailableError:
        return
    except SettingsError:
        parts.database.engine.dispose()
        raise
