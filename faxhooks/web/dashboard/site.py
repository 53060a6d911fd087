"""The dashboard, put together from its pages."""

from flask import Flask

from faxhooks.web.dashboard import (
    accounts,
    assets,
    astray,
    callbacks,
    entrance,
    fax,
    numbers,
    replays,
    setting_up,
    today,
)
from faxhooks.web.dashboard.shell import register_shell


def register_dashboard(app: Flask, *, mask_numbers: bool) -> None:
    """All pages; a page is a module with a blueprint made by `make_pages`, named here."""
    app.config["MASK_NUMBERS"] = mask_numbers
    register_shell(app)
    app.register_blueprint(assets.assets)
    app.register_blueprint(entrance.entrance)
    app.register_blueprint(today.pages)
    app.register_blueprint(callbacks.pages)
    app.register_blueprint(replays.pages)
    app.register_blueprint(numbers.pages)
    app.register_blueprint(accounts.pages)
    app.register_blueprint(setting_up.pages)
    astray.register_astray(app)
    app.register_blueprint(fax.pages)  # The list's, to which it adds those of one fax.
