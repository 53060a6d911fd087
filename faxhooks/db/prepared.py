"""Statements of PostgreSQL's that each connection prepares once, and runs in one call.

For the few that every callback costs. To have the driver look for parameters, choose their
types, wait in steps and convert the answer took several times as long as the call itself.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

_UNKNOWN: Final = "26000"
"""`invalid_sql_statement_name`: this connection has not prepared it yet."""

Rows = list[list[bytes | None]]
"""Values as PostgreSQL writes them."""


class Prepared:
    """Words with `$1`, `$2` and so on for what they are given.

    A connection that runs them must commit by itself: no transaction is begun or ended here.
    """

    def __init__(self, words: str) -> None:
        self.words = words.encode()
        self.name = b"faxhooks_" + sha256(self.words).hexdigest()[:16].encode()

    def run(self, connection: Any, values: Sequence[bytes]) -> Rows:
        """The rows of the answer. Raises the errors of the driver (psycopg)."""
        library = connection.pgconn
        answer = library.exec_prepared(self.name, values)
        if is_unknown(answer):
            rows_of(connection, library.prepare(self.name, self.words))
            answer = library.exec_prepared(self.name, values)
        return rows_of(connection, answer)


def is_unknown(answer: Any) -> bool:
    """Whether the statement has to be prepared first."""
    from psycopg.pq import DiagnosticField  # noqa: PLC0415 (on SQLite alone never loaded)

    state: bytes | None = answer.error_field(DiagnosticField.SQLSTATE)
    return state is not None and state.decode() == _UNKNOWN


def rows_of(connection: Any, answer: Any) -> Rows:
    """What was answered; raises what was answered in place of it."""
    if answer.error_message:
        from psycopg import OperationalError, errors  # noqa: PLC0415

        if connection.closed:
            raise OperationalError("the connection is lost")
        raise errors.error_from_result(answer)
    columns = range(answer.nfields)
    return [[answer.get_value(row, n) for n in columns] for row in range(answer.ntuples)]
