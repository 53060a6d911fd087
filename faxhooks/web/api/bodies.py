"""Bodies of requests: JSON alone, of a bounded size and depth, or a refusal."""

from typing import Final

from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from faxhooks.domain.errors import UnreadableError
from faxhooks.providers.reading import json_object

MAX_BODY: Final = 64 * 1024
"""Bytes; what the API is asked takes a few hundred."""


def take_json_alone() -> None:
    """Before a request: refuse a body that nobody would read as it was meant.

    One of another media type would be passed over in silence, and with it a `dry_run`. No
    body at all is left to the route.
    """
    request.max_content_length = MAX_BODY
    body = request.get_data()
    if len(body) >= MAX_BODY:  # A body without a length is cut there.
        raise RequestEntityTooLarge
    if not body:
        return
    if not request.is_json:
        raise UnsupportedMediaType("Send the body as `Content-Type: application/json`.")
    try:
        json_object(body)
    except UnreadableError as error:
        raise BadRequest(f"The body cannot be read: {error}.") from None
