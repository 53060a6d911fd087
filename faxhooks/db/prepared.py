"""Statements of PostgreSQL's that each connection prepares once, and runs in one call.

For the few that every callback costs. To have the driver look for parameters, choose their
types, wait in steps and convert the answer took several times as long as the call itself.
"""

from hashlib import sha256
from typing import Any, Final

_UNKNOWN: Final = "26000"
"""`invalid_sql_statement_name`: this connection has not prepared it yet."""


class Prepared:
    """Words with `$1`, `$2` and so on for what they are given.

    The connection must commit by itself, as no transaction is begun or ended here.
    """

    def __init__(self, words: str) -> None:
        self.words = words.encode()
        self._name = b"faxhooks_" + sha256(self.words).hexdigest()[:16].encode()

    def run(self, connection: Any, *values: bytes) -> list[list[bytes | None]]:
        """The rows of the answer, as text. Raises the errors of the driver (psycopg)."""
        library = connection.pgconn
        answer = library.exec_prepared(self._name, values)
        if _sqlstate(answer) == _UNKNOWN:
            _check(connection, library.prepare(self._name, self.words))
            answer = library.exec_prepared(self._name, values)
        _check(connection, answer)
        columns = range(answer.nfields)
        return [[answer.get_value(row, n) for n in columns] for row in range(answer.ntuples)]


def _sqlstate(answer: Any) -> str:
    from psycopg.pq import DiagnosticField  # noqa: PLC0415 (on SQLite alone never loaded)

    return (answer.error_field(DiagnosticField.SQLSTATE) or b"").decode()


def _check(connection: Any, answer: Any) -> None:
    """Raise what was answered in place of what was asked for."""
    if answer.error_message:
        from psycopg import OperationalError, errors  # noqa: PLC0415

        if connection.closed:
            raise OperationalError("the connection is lost")
        raise errors.error_from_result(answer)
