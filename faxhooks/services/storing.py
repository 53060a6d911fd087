"""Documents are kept no longer than they are needed, nor links and keys that have expired."""

from datetime import datetime, timedelta
from typing import Final

from faxhooks.db import documents
from faxhooks.db.engine import Database
from faxhooks.services.repeating import KEPT
from faxhooks.services.shelving import Shelf

_ENTERING: Final = timedelta(hours=1)
"""A file without a row may be of a request that is not committed yet; none takes that long."""


def tidy(database: Database, shelf: Shelf, keep: timedelta, now: datetime) -> dict[str, int]:
    """Remove documents whose faxes have all ended, and were last heard of before `keep`."""
    gone = database.write(lambda session: documents.delete_done(session, now - keep))
    old = database.write(lambda session: documents.delete_expired(session, now, now - KEPT))
    shelf.sweep(database, now - min(keep, _ENTERING))
    return {"documents": gone, "expired": old}
