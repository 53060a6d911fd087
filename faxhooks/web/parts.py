"""How a route reaches the composed service."""

from typing import cast

from flask import current_app

from faxhooks.services.cursors import Cursors
from faxhooks.services.parts import Parts
from faxhooks.services.watching import Watch
from faxhooks.web.limits import Limits


def parts() -> Parts:
    """The composed service of this application."""
    return cast("Parts", current_app.extensions["faxhooks"])


def watch() -> Watch:
    """The look-out for changes of this process."""
    return cast("Watch", current_app.extensions["faxhooks.watch"])


def limits() -> Limits:
    """How fast this process lets each key ask."""
    return cast("Limits", current_app.extensions["faxhooks.limits"])


def cursors() -> Cursors:
    """The maker of bookmarks of this application."""
    return cast("Cursors", current_app.extensions["faxhooks.cursors"])
