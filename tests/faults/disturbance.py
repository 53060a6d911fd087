"""One step of a database's work that fails: a statement, whoever issues it, or a commit."""

import os
import socket
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from faxhooks.db.engine import Database
from faxhooks.db.steps import Steps

EXITED: Final = 77
"""How a process ends that a disturbance ended."""

_STEPS: Final = ("do_execute", "do_executemany", "do_execute_no_params", "do_commit")


class Manner(StrEnum):
    """How a step fails. In none of these ways does it reach the database."""

    ERROR = "error"  # The driver says that it could not be done.
    DISCONNECT = "disconnect"  # The socket is closed, as when a server goes away.
    EXIT = "exit"  # The process is gone at once, and nothing is tidied up.


class Disturbance:
    """Counts the steps that a database asks of its driver, and lets the `at`-th fail, once.

    A flush is nothing but the statements that it issues. It lies between SQLAlchemy, or what
    callbacks have in its place, and the driver, so that what fails is wrapped, judged and rolled
    back as a real failure is.
    """

    def __init__(self, database: Database, at: int = 0, manner: Manner = Manner.ERROR) -> None:
        self.steps = 0
        self._at = at
        self._manner = manner
        dialect = database.engine.dialect
        self._error = dialect.loaded_dbapi.OperationalError
        for name in _STEPS:
            setattr(dialect, name, self._counted(getattr(dialect, name)))
        taking = database.take

        def take(steps: Steps[Any], connection: Any) -> Any:
            return taking(steps, _Counted(connection, self))

        database.take = take  # type: ignore[method-assign]

    def count(self, target: Any) -> None:
        """One more step is about to be taken."""
        self.steps += 1
        if self.steps == self._at:
            self._fail(target)

    def _counted(self, step: Callable[..., None]) -> Callable[..., None]:
        def counted(target: Any, *arguments: Any, **options: Any) -> None:
            self.count(target)
            step(target, *arguments, **options)

        return counted

    def _fail(self, target: Any) -> None:
        """`target` is a cursor, or the pool's connection where a commit is to fail."""
        if self._manner is Manner.EXIT:
            os._exit(EXITED)
        if self._manner is Manner.ERROR:
            raise self._error("made to fail")
        raw = getattr(target, "dbapi_connection", None) or getattr(target, "connection", target)
        with socket.socket(fileno=os.dup(raw.fileno())) as connection:
            connection.shutdown(socket.SHUT_RDWR)


class _Counted:
    """A driver's connection, or the library below it, of which every statement is a step."""

    def __init__(self, inner: Any, disturbance: Disturbance, connection: Any = None) -> None:
        self._inner = inner
        self._disturbance = disturbance
        self._connection = connection or inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name == "pgconn":
            return _Counted(found, self._disturbance, self._connection)
        if name not in ("exec_prepared", "prepare", "execute", "executemany"):
            return found

        def counted(*arguments: Any) -> Any:
            self._disturbance.count(self._connection)
            return found(*arguments)

        return counted
