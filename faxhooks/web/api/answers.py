"""JSON as the API answers with it: in pages, and with a version where that saves asking twice."""

from hashlib import sha256
from typing import Any

import orjson
from flask import Response, jsonify, request, url_for

from faxhooks.web.parts import parts


def versioned(shown: Any, version: str | None = None, *, of: Any = None) -> Response:
    """JSON with an `ETag`; 304 to a reader who named it in `If-None-Match`.

    `version` is a strong one. Without it, it is a weak one made of `of`: what the answer
    means, leaving out what may differ in it and yet be as good as before.
    """
    response = Response(orjson.dumps(shown), content_type="application/json")
    weak = sha256(orjson.dumps(of)).hexdigest()[:32] if version is None else None
    response.set_etag(version or str(weak), weak=version is None)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def paged(data: Any, following: str | None) -> Response:
    """A page of a list; `following` is the cursor of the next one."""
    return linked(jsonify({"data": data, "next_cursor": following}), following)


def linked(response: Response, following: str | None) -> Response:
    """The same with a `Link` to the next page of this list, under the public address."""
    if following is not None:
        given: dict[str, Any] = {**request.args.to_dict(), "cursor": following}
        url = parts().public_url + url_for(str(request.endpoint), **given)
        response.headers["Link"] = f'<{url}>; rel="next"'
    return response
