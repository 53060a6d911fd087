"""One step of a database's work that fails: a statement, whoever issues it, or a commit."""

import os
import socket
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Engine

EXITED: Final = 77
"""How a process ends that a disturbance ended."""

_STEPS: Final = ("do_execute", "do_executemany", "do_execute_no_params", "do_commit")


class Manner(StrEnum):
    """How a step fails. In none of these ways does it reach the database."""

    ERROR = "error"  # The driver says that it could not be done.
    DISCONNECT = "disconnect"  # The socket is closed, as when a server goes away.
    EXIT = "exit"  # The process is gone at once, and nothing is tidied up.


class Disturbance:
    """Counts the steps that an engine asks of its driver, and lets the `at`-th fail, once.

    A flush is nothing but the statements that it issues. It lies between SQLAlchemy and the
    driver, so that what fails is wrapped, judged and rolled back as a real failure is.
    """

    def __init__(self, engine: Engine, at: int = 0, manner: Manner = Manner.ERROR) -> None:
        self.steps = 0
        self._at = at
        self._manner = manner
        self._error = engine.dialect.loaded_dbapi.OperationalError
        for name in _STEPS:
            setattr(engine.dialect, name, self._counted(getattr(engine.dialect, name)))

    def _counted(self, step: Callable[..., None]) -> Callable[..., None]:
        def counted(target: Any, *arguments: Any, **options: Any) -> None:
            self.steps += 1
            if self.steps == self._at:
                self._fail(target)
            step(target, *arguments, **options)

        return counted

    def _fail(self, target: Any) -> None:
        """`target` is a cursor, or the pool's connection where a commit is to fail."""
        if self._manner is Manner.EXIT:
            os._exit(EXITED)
        if self._manner is Manner.ERROR:
            raise self._error("made to fail")
        raw = getattr(target, "dbapi_connection", None) or target.connection
        with socket.socket(fileno=os.dup(raw.fileno())) as connection:
            connection.shutdown(socket.SHUT_RDWR)
