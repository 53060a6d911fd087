"""A request handed to the application as gunicorn would hand it, without a socket between."""

from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from faxhooks.domain.callback import Callback
from tests.doors import Native
from tests.story import Service


def status_of(service: Service, callback: Callback) -> int:
    """What the application answers, by the door that the service is asked by."""
    headers = {name: value.strip(" \t") for name, value in callback.headers.items()}
    way = service.hook.transport
    if isinstance(way, Native):
        return int(way.send(callback.method, callback.target, headers, callback.body).status_code)
    said: list[str] = []

    def start(status: str, headers: object, trouble: object = None) -> None:
        said.append(status)

    answer = service.app.wsgi_app(environ_of(callback, headers), start)
    b"".join(answer)
    answer.close()
    return int(said[0][:3])


def environ_of(callback: Callback, headers: dict[str, str]) -> dict[str, Any]:
    """The raw target beside the decoded path, header values without the blanks around them."""
    path, _, query = callback.target.partition("#")[0].partition("?")
    host = headers.get("host", "127.0.0.1:8000")
    return {
        "REQUEST_METHOD": callback.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": callback.target,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(callback.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(callback.body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
