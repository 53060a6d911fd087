"""What the service is made of, composed once and handed to every way in."""

from dataclasses import dataclass
from datetime import timedelta

from faxhooks.db.engine import Database
from faxhooks.db.vault import Vault
from faxhooks.services.accounts import Accounts
from faxhooks.services.directory import Directory
from faxhooks.services.ingest import Receiver
from faxhooks.services.replaying import Replayer


@dataclass(frozen=True, slots=True)
class SendingTerms:
    """How large a request to send may be, and how long documents are kept after their end."""

    most_bytes: int = 32 * 1024 * 1024
    keep: timedelta = timedelta(days=1)


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
    )
