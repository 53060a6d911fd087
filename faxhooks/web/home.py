"""The front page: what runs here and where to go on."""

from flask import Blueprint, Response

from faxhooks.web.parts import parts

home = Blueprint("home", __name__)

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>faxhooks</title>
<h1>faxhooks {release}</h1>
<p>Fax providers call <code>/hooks/…</code>; ask <code>/api/v1/faxes</code> with an API key
what became of a fax.</p>
<ul>
<li><a href="/api/v1/docs">The API</a>, to read and to try out, and its
<a href="/api/v1/openapi.json">description</a> (OpenAPI 3.1)</li>
<li><a href="/readyz">Whether the service is ready</a></li>
</ul>
</html>
"""


@home.get("/")
def front() -> Response:
    """Tell a newcomer that it runs."""
    response = Response(_PAGE.format(release=parts().release), content_type="text/html")
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response
