"""What the head of a request may be, and what its first line says."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from faxhooks.web.bridge import TARGET

MOST_HEAD: Final = 64 * 1024
"""Bytes of a request that are none of its body in one go: of its head, which is more than a proxy
would hand on, of what is said of a chunk, and of headers behind the last one.
"""
_HOST: Final = re.compile(r"[^/]*//[^/?]*")
"""What stands before the path and the query of a target that names its host."""


class RefusedError(Exception):
    """A head that is not taken, and the status that says why."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True)
class Limits:
    """Those of gunicorn's configuration, where 0 is none; it looks each of them up anew, which
    took a third of the time of a request.
    """

    line: int
    fields: int
    field_size: int

    @classmethod
    def of(cls, cfg: Any) -> "Limits":
        """Of this configuration."""
        given = cfg.limit_request_line, cfg.limit_request_fields, cfg.limit_request_field_size
        return cls(*(limit or MOST_HEAD for limit in given))


def read_line(method: str, target: str, limits: Limits) -> dict[str, Any]:
    """The target for an ASGI scope, and as it was sent, which ASGI takes apart; of one that names
    the host too, which a server has to take, its path. Raises RefusedError for a line too long.
    """
    if len(method) + len(target) + len(" HTTP/1.1") > limits.line:
        raise RefusedError(HTTPStatus.REQUEST_URI_TOO_LONG)
    if not target.startswith(("/", "*")):
        target = "/" + _HOST.sub("", target, count=1).removeprefix("/")
    path, _, query = target.partition("?")
    return {
        "path": unquote(path) if "%" in path else path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        TARGET: target,
    }
