"""What the service is made of, composed once and handed to every way in."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from faxhooks.db.engine import Database
from faxhooks.db.vault import Vault
from faxhooks.services.accounts import Accounts
from faxhooks.services.directory import Directory
from faxhooks.services.ingest import Receiver
from faxhooks.services.replaying import Replayer
from faxhooks.services.shelving import Shelf


@dataclass(frozen=True, slots=True)
class SendingTerms:
    """How large a request to send may be, how long documents are kept after their end, and in
    which folder; in the database where there is none.
    """

    most_bytes: int = 32 * 1024 * 1024
    keep: timedelta = timedelta(days=1)
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """The composed service; `public_url` is what providers call, without a trailing slash."""

    database: Database
    accounts: Accounts
    directory: Directory
    receiver: Receiver
    replayer: Replayer
    release: str
    public_url: str
    sending: SendingTerms
    shelf: Shelf


def compose(
    *,
    database_url: str,
    public_url: str,
    secret_keys: tuple[str, ...],
    release: str,
    sending: SendingTerms = SendingTerms(),
) -> Parts:
    """Put the parts together; opens no connection yet."""
    database = Database(database_url)
    accounts = Accounts(Vault(secret_keys), public_url)
    directory = Directory(database, accounts)
    return Parts(
        database=database,
        accounts=accounts,
        directory=directory,
        receiver=Receiver(database, directory, release),
        replayer=Replayer(database, directory, release),
        release=release,
        public_url=public_url,
        sending=sending,
        shelf=Shelf(sending.folder),
    )
