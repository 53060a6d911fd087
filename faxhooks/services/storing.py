"""Documents are kept no longer than they are needed, nor links and keys that have expired."""

from datetime import datetime, timedelta

from faxhooks.db import documents
from faxhooks.db.engine import Database
from faxhooks.services.repeating import KEPT


def tidy(database: Database, keep: timedelta, now: datetime) -> dict[str, int]:
    """Remove documents whose faxes have all ended, and were last heard of before `keep`."""
    gone = database.write(lambda session: documents.delete_done(session, now - keep))
    old = database.write(lambda session: documents.delete_expired(session, now, now - KEPT))
    return {"documents": gone, "expired": old}
