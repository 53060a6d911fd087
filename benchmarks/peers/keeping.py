"""Whether a peer has kept all that it acknowledged."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psycopg

from benchmarks.keeping import Kept

_SCHEMA: Final = Path(__file__).parent / "statements" / "schema.sql"
_COUNTS: Final = """
SELECT (SELECT coalesce(sum(seen), 0) FROM callbacks), (SELECT count(*) FROM events),
    (SELECT count(*) FROM callbacks LEFT JOIN events ON callback_id = callbacks.id
        WHERE events.id IS NULL),
    (SELECT count(*) FROM faxes)
"""


def create_tables(database_url: str) -> None:
    """Make the tables of a peer; the address is libpq's."""
    with psycopg.connect(database_url) as connection:
        connection.execute(_SCHEMA.read_bytes())


def look_up(database_url: str, acknowledged: Iterable[bytes]) -> Kept:
    """Compare the bodies that were answered with 200 with those that are stored."""
    bodies = list(acknowledged)
    distinct = set(bodies)
    with psycopg.connect(database_url) as connection:
        stored = {bytes(body) for (body,) in connection.execute("SELECT body FROM callbacks")}
        ((seen, events, misread, faxes),) = connection.execute(_COUNTS)
    return Kept(
        acknowledged=len(bodies),
        distinct=len(distinct),
        lost=len(distinct - stored),
        callbacks=len(stored),
        seen=seen,
        events=events,
        misread=misread,
        faxes=faxes,
    )
