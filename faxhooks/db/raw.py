"""The driver's own connections to PostgreSQL, below SQLAlchemy and with its errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Engine, exc
from sqlalchemy.pool import PoolProxiedConnection

from faxhooks.db.opening import watchdog


@contextmanager
def borrowed(engine: Engine, until: float) -> Iterator[Any]:
    """The driver's own connection to PostgreSQL, which goes back to its pool unless it is lost
    or in the middle of something.
    """
    connection: PoolProxiedConnection | None = None
    raw: Any = None
    try:
        connection = engine.raw_connection()
        raw = connection.dbapi_connection
        with watchdog.watch(raw.fileno(), until):
            yield raw
    except engine.dialect.loaded_dbapi.Error as error:
        raise translated(engine, error, lost=raw is not None and raw.closed) from error
    finally:
        if connection is not None:
            if raw.info.transaction_status.name != "IDLE":
                connection.invalidate()
            connection.close()


def translated(engine: Engine, error: Exception, *, lost: bool = False) -> exc.DBAPIError:
    """What SQLAlchemy would have raised in its place."""
    kind: Any = engine.dialect.loaded_dbapi.Error
    told = exc.DBAPIError.instance(
        None, None, error, kind, hide_parameters=True, connection_invalidated=lost
    )
    return cast("exc.DBAPIError", told)
