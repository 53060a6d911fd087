"""The WSGI application, put together from its blueprints."""

from collections.abc import Sequence

from flask import Flask
from flask_smorest import Api
from prometheus_client import values

from faxhooks.services.cursors import Cursors
from faxhooks.services.parts import Parts
from faxhooks.services.watching import Watch
from faxhooks.web.api import audit, callbacks, changes, faxes, numbers, sending, stats, tags
from faxhooks.web.api.documentation import documentation, set_description
from faxhooks.web.dashboard.site import register_dashboard
from faxhooks.web.errors import register_errors
from faxhooks.web.health import health
from faxhooks.web.hooks import hooks
from faxhooks.web.limits import Buckets, NoLimits, RateLimit
from faxhooks.web.media import media
from faxhooks.web.requests import register_requests

API_PREFIX = "/api/v1"


def build_site(
    parts: Parts,
    secret_keys: Sequence[str],
    metrics_token: str | None,
    rate_limit: RateLimit | None,
    mask_numbers: bool,
) -> Flask:
    """All routes over these parts; `rate_limit` is that of each API key, None for none, and
    `mask_numbers` hides most of each number from the dashboard's viewers.
    """
    app = Flask(__name__)
    app.config.update(
        API_TITLE="faxhooks",
        API_VERSION=parts.release,
        OPENAPI_VERSION="3.1.0",
        PROPAGATE_EXCEPTIONS=False,
        METRICS_TOKEN=metrics_token,
        METRICS_SHARED=values.ValueClass is not values.MutexValue,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False  # A redirect would change the URL that was signed.
    app.extensions["faxhooks"] = parts
    app.extensions["faxhooks.cursors"] = Cursors(secret_keys)
    app.extensions["faxhooks.watch"] = Watch(parts.database)
    app.extensions["faxhooks.limits"] = Buckets(rate_limit) if rate_limit else NoLimits()
    register_requests(app)
    api = Api(app)
    api.register_blueprint(faxes.blueprint, url_prefix=API_PREFIX)
    api.register_blueprint(sending.blueprint, url_prefix=API_PREFIX)
    api.register_blueprint(tags.blueprint, url_prefix=API_PREFIX)
    api.register_blueprint(changes.blueprint, url_prefix=API_PREFIX)
    api.register_blueprint(callbacks.blueprint, url_prefix=API_PREFIX)
    api.register_blueprint(stats.blueprint, url_prefix=API_PREFIX)
    api.register_blueprint(numbers.blueprint, url_prefix=API_PREFIX)
    api.register_blueprint(audit.blueprint, url_prefix=API_PREFIX)
    set_description(api)
    app.register_blueprint(documentation, url_prefix=API_PREFIX)
    register_errors(app)  # After the API, which brings error answers of its own.
    app.register_blueprint(hooks)
    app.register_blueprint(health)
    app.register_blueprint(media)
    register_dashboard(app, mask_numbers=mask_numbers)
    return app
