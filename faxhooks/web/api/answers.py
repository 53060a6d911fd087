"""JSON with a version, so that a reader who has it already is told so instead."""

from hashlib import sha256
from typing import Any

import orjson
from flask import Response, request


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
