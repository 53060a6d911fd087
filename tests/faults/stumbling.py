"""Errors on purpose that quote all they can, wherever the service may meet one of its own."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request

from faxhooks.providers import reading
from faxhooks.services import keeping


def stumble(app: Flask) -> None:
    """From now on the service fails while reading, while keeping, in Flask and outside of it."""
    reading.digest_of = _failing(reading.digest_of, "stumble")
    keeping.enter = _failing(keeping.enter, "trip")
    app.before_request(_look)
    served = app.wsgi_app

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/stumble"):
            raise LookupError(f"cannot serve {environ}")
        return served(environ, start_response)

    app.wsgi_app = serve  # type: ignore[method-assign]


def _failing(right: Callable[..., Any], word: str) -> Callable[..., Any]:
    """The same function, which fails when this word is in what it is given."""

    def fail(*given: Any) -> Any:
        if word in str(given):
            raise RuntimeError(f"cannot do {given}") from ValueError(str(given))
        return right(*given)

    return fail


def _look() -> None:
    if "X-Stumble" in request.headers:
        raise LookupError(f"{request.url} {dict(request.headers)} {request.get_data()!r}")
