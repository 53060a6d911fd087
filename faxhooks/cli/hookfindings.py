"""Whether the providers that can be asked about it call at our hook URLs, and nowhere old."""

from collections.abc import Iterator

from faxhooks.cli.connect import remarks
from faxhooks.cli.context import sentence
from faxhooks.cli.findings import Finding, Level, said_and_advised
from faxhooks.domain.errors import SettingsError
from faxhooks.providers.asking import ProviderError
from faxhooks.services.accounts import Account
from faxhooks.services.connecting import Connector
from faxhooks.services.parts import Parts


def check_hooks(parts: Parts) -> Iterator[Finding]:
    """Each account whose provider tells; it takes requests to the providers."""
    connector = Connector(parts)
    for account in connector.list_tellable():
        yield from _check(connector, account)


def _check(connector: Connector, account: Account) -> Iterator[Finding]:
    try:
        found = connector.look(account)
    except SettingsError:
        return  # An account without credentials is spoken of already.
    except ProviderError as error:
        yield _warning(account, sentence(error))
        return
    said = remarks(account, found)
    yield from (_warning(account, each) for each in said)
    if not said:
        yield Finding("hooks", Level.OK, f"{account.label}: its hook URL is registered")


def _warning(account: Account, text: str) -> Finding:
    said, advice = said_and_advised(text)
    return Finding("hooks", Level.WARNING, f"{account.label}: {said}", advice)
