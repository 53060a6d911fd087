"""What Flask itself can do here: a route that only answers, and one that also verifies.

Both are written as an example in a manual would be, and keep nothing. They tell how much of
the service's price is Flask's, and how much is ours.
"""

import hmac
import json
import os
from base64 import b64encode
from typing import Final
from urllib.parse import parse_qsl

from flask import Flask, Response, request

KEY: Final = "BENCHMARK_SIGNING_KEY"
"""The variable with the key that SignalWire's forms are signed with."""

answering = Flask("answering")
verifying = Flask("verifying")


@answering.post("/hooks/<provider>/<token>")
def answer(provider: str, token: str) -> Response:  # noqa: ARG001
    """Say what SignalWire expects to hear."""
    return Response(b"<Response/>", content_type="application/xml")


@verifying.post("/hooks/<provider>/<token>")
def verify(provider: str, token: str) -> Response:  # noqa: ARG001
    """Say it to those who sign their forms, and to those whose JSON names a fax."""
    read = _read_form if provider == "signalwire" else _read_json
    if not read(request.get_data()):
        return Response(status=403)
    return Response(b"<Response/>", content_type="application/xml")


def _read_form(body: bytes) -> bool:
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    signed = os.environ["PUBLIC_URL"] + request.path
    signed += "".join(name + fields[name] for name in sorted(fields))
    made = b64encode(hmac.digest(os.environ[KEY].encode(), signed.encode(), "sha1"))
    claimed = request.headers.get("X-SignalWire-Signature", "")
    return hmac.compare_digest(made, claimed.encode()) and bool(fields["FaxSid"])


def _read_json(body: bytes) -> bool:
    said = json.loads(body)
    return bool(said["hook"]["id"] and said["data"]["status"])
