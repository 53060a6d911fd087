"""Where people and programs read what the API is: /openapi.json and /docs."""

from typing import Final

from flask import Blueprint, Response, current_app, jsonify, render_template, url_for
from flask_smorest import Api

from faxhooks.providers.registry import PROVIDERS
from faxhooks.web.api.description import describe
from faxhooks.web.parts import parts

documentation = Blueprint("documentation", __name__)

# Swagger UI styles elements as it goes, and draws its icons from data URLs.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)


def set_description(api: Api) -> None:
    """Keep the document that the routes registered so far make up."""
    app = api._app
    public_url = app.extensions["faxhooks"].public_url
    document = describe(api.spec.to_dict(), public_url, PROVIDERS)
    app.extensions["faxhooks.openapi"] = document


@documentation.get("/openapi.json")
def openapi() -> Response:
    """The API's description; no key is needed to read it."""
    return jsonify(current_app.extensions["faxhooks.openapi"])


@documentation.get("/docs")
def docs() -> Response:
    """The same as a page to try it out on."""
    page = render_template(
        "docs.html", document=url_for("documentation.openapi"), release=parts().release
    )
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    return response
