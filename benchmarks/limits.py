"""What Flask itself can do here: a route that only answers, and one that also verifies.

Both are written as an example in a manual would be, and keep nothing. They tell how much of
the service's price is Flask's, and how much is ours.
"""

from flask import Flask, Response, request

from benchmarks.peers.reading import read

answering = Flask("answering")
verifying = Flask("verifying")


@answering.post("/hooks/<provider>/<token>")
def answer(provider: str, token: str) -> Response:  # noqa: ARG001
    """Say what SignalWire expects to hear."""
    return Response(b"<Response/>", content_type="application/xml")


@verifying.post("/hooks/<provider>/<token>")
def verify(provider: str, token: str) -> Response:
    """Say it to those who sign their forms, and to those whose JSON names a fax."""
    signature = request.headers.get("X-SignalWire-Signature", "")
    if read(provider, token, signature, request.get_data()) is None:
        return Response(status=403)
    return Response(b"<Response/>", content_type="application/xml")
