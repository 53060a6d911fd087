"""The dashboard's own files: style, scripts and the mark."""

from flask import Blueprint, Response, send_from_directory

from faxhooks.web.dashboard.shell import DIGEST, STATIC

assets = Blueprint("dashboard_assets", __name__)

_FOR_EVER = "public, max-age=31536000, immutable"


@assets.get("/assets/<digest>/<path:name>")
def show(digest: str, name: str) -> Response:
    """A file. While two releases run, one may be asked for files of the other: it gives its
    own, and nobody keeps them.
    """
    response = send_from_directory(STATIC, name)
    response.headers["Cache-Control"] = _FOR_EVER if digest == DIGEST else "no-cache"
    return response
